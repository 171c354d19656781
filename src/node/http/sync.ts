/** `POST /sync/v1/events`: events pushed by a peer (wire-format.md section 12). */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { type NodeCore, NodeError } from "../core.ts";
import { jsonAnswer, type PlainAnswer } from "./answer.ts";
import type { HttpRequest } from "./request_reader.ts";

/**
 * Stores pushed events; with `our_head` in the body the answer holds what the caller lacks.
 *
 * @throws {NodeError} `bad_request` if the body is no push for this community.
 */
export function handleSync(core: NodeCore, request: HttpRequest): PlainAnswer {
  const body = parse(core, request.body);
  const { community_id, events = [], our_head } = body;
  if (community_id !== core.communityId) {
    throw new NodeError("bad_request", "Cannot sync: community_id names another community");
  }
  if (!Array.isArray(events)) throw new NodeError("bad_request", "Cannot sync: events is no array");
  if (our_head !== undefined && (typeof our_head !== "number" || !Number.isSafeInteger(our_head))) {
    throw new NodeError("bad_request", "Cannot sync: our_head is no integer");
  }
  const result = core.log.receive(events);
  const missing = our_head === undefined ? {} : { events: [...core.log.since(our_head)] as unknown as Json[] };
  return jsonAnswer(200, { ...result as unknown as JsonObject, ...missing });
}

function parse(core: NodeCore, bytes: Uint8Array): JsonObject {
  let body: Json;
  try {
    body = core.rules.parseBody(bytes);
  } catch (error) {
    throw error instanceof SyntaxError ? new NodeError("bad_request", error.message) : error;
  }
  if (!isObject(body)) throw new NodeError("bad_request", "Cannot sync: the body is no JSON object");
  return body;
}
