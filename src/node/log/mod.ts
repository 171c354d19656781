/** The event log of a node with everything derived from it. */

import type { CommunityView, NodeCore } from "../core.ts";
import { LoggedCommunity } from "./community.ts";
import { CommunityLog } from "./event_log.ts";
import { establish } from "./genesis.ts";
import { acknowledgeMessages } from "./receipts.ts";
import { publishEvents } from "./publish.ts";
import type { LogViews } from "./views.ts";

export { CommunityLog } from "./event_log.ts";
export { LogViews } from "./views.ts";
export { answerSync, headsDocument } from "./sync.ts";

/** An opened log. */
export interface OpenedLog {
  readonly log: CommunityLog;
  readonly community: CommunityView;
}

/**
 * The log of a node with everything the {@linkcode EventLog} interface leaves out: views, earlier requests, digest.
 *
 * @throws {TypeError} If the node runs on a log of another make.
 */
export function communityLog(core: Pick<NodeCore, "log">): CommunityLog {
  if (!(core.log instanceof CommunityLog)) throw new TypeError("Cannot read views: the log is of another make");
  return core.log;
}

/** The views of the moment; not to be kept, as they are made anew when the log is read again. */
export function viewsOf(core: Pick<NodeCore, "log">): LogViews {
  return communityLog(core).views;
}

/**
 * Opens the node's log on disk or in memory, founds or enters the community where that has not happened yet, and
 * publishes from then on. Of `core` only options, identity, communityId, rules, seams, clock and ids are read at once.
 */
export function openEventLog(core: NodeCore): OpenedLog {
  const log = new CommunityLog(core);
  establish(core, log);
  acknowledgeMessages(core, log);
  publishEvents(core, log);
  return { log, community: new LoggedCommunity(core, log) };
}
