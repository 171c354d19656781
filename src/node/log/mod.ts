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
export { handleSync, headsDocument } from "./sync.ts";

/** An opened log. */
export interface OpenedLog {
  readonly log: CommunityLog;
  readonly community: CommunityView;
  /** Views of the moment; read through the log, as they are replaced when it is read again. */
  readonly views: LogViews;
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
  return {
    log,
    community: new LoggedCommunity(core, log),
    get views() {
      return log.views;
    },
  };
}
