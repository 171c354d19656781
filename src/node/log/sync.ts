/** The sync endpoints' documents. CONTRACT §7.6; wire-format.md section 12. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { type NodeCore, NodeError, type SyncResult } from "../core.ts";
import { CommunityLog } from "./event_log.ts";
import { firstPage } from "./pages.ts";

type SyncCore = Pick<NodeCore, "rules" | "log" | "communityId">;

/** Below every Lamport value; 0 is one. */
const BEFORE_ALL = -1;

/** Body of `GET /sync/v1/heads`. */
export function headsDocument(core: SyncCore): JsonObject {
  const { log, communityId } = core;
  const digest = log instanceof CommunityLog ? log.digest() : "";
  return core.rules.headsDocument({
    communityId,
    head: log.head(),
    byType: log.headsByType(),
    count: log.count(),
    countByType: () => {
      const counts: Record<string, number> = {};
      for (const { event_type: type } of log.since(BEFORE_ALL)) counts[type] = (counts[type] ?? 0) + 1;
      return counts;
    },
    digest,
  });
}

/**
 * Answers the body of `POST /sync/v1/events`; with `our_head` the answer carries a page of what the caller lacks.
 *
 * @throws {NodeError} `bad_request` if the body is no push of events for this community.
 */
export function answerSync(core: SyncCore, body: Json): SyncResult {
  const { rules, log } = core;
  if (!isObject(body)) throw new NodeError("bad_request", "Cannot sync: the body is no object");
  const missing = rules.syncRequired.find((name) => body[name] === undefined);
  if (missing !== undefined) throw new NodeError("bad_request", `Cannot sync: ${missing} is missing`);
  const { community_id: community, events = [], our_head: theirHead } = body;
  if (community !== undefined && community !== core.communityId) {
    throw new NodeError("bad_request", "Cannot sync: community_id names another community");
  }
  if (!Array.isArray(events)) throw new NodeError("bad_request", "Cannot sync: events is no list");
  if (events.length > rules.maxSyncEvents || events.length < rules.minSyncEvents) {
    throw new NodeError("bad_request", `Cannot sync: current list has ${events.length} events`);
  }
  if (theirHead !== undefined && !Number.isSafeInteger(theirHead)) {
    throw new NodeError("bad_request", "Cannot sync: our_head is no integer");
  }
  const result = log.receive(events);
  if (!rules.answersOurHead || theirHead === undefined) return result;
  return { ...result, events: firstPage(log.since(Number(theirHead), rules.syncAnswerEvents)) };
}
