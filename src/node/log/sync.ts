/** The sync endpoints' documents. CONTRACT §7.6; wire-format.md section 12. */

import { isObject, type Json } from "../../protocol/mod.ts";
import { type NodeCore, NodeError, type SyncResult } from "../core.ts";
import type { CommunityLog } from "./event_log.ts";

/** Body of `GET /sync/v1/heads`. */
export function headsDocument(core: Pick<NodeCore, "rules">, log: CommunityLog): Json {
  return core.rules.headsDocument(log.heads());
}

/**
 * Answers the body of `POST /sync/v1/events`; with `our_head` the answer carries a page of what the caller lacks.
 *
 * @throws {NodeError} `bad_request` if the body is no object with a list of events.
 */
export function handleSync(core: Pick<NodeCore, "rules">, log: CommunityLog, body: Json): SyncResult {
  if (!isObject(body)) throw new NodeError("bad_request", "Cannot sync: the body is no object");
  const { events, our_head: theirHead } = body;
  if (!Array.isArray(events)) throw new NodeError("bad_request", "Cannot sync: events is no list");
  if (events.length > core.rules.maxSyncEvents) {
    throw new NodeError("bad_request", `Cannot sync: the list has ${events.length} events`);
  }
  const result = log.receive(events);
  if (!core.rules.answersOurHead || !Number.isSafeInteger(theirHead)) return result;
  return { ...result, events: log.since(Number(theirHead), core.rules.syncAnswerEvents) };
}
