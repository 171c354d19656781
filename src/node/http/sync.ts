/** `POST /sync/v1/events`: events pushed by a peer (wire-format.md section 12). */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { type NodeCore, NodeError } from "../core.ts";
import { answerSync } from "../log/sync.ts";
import { jsonAnswer, type PlainAnswer } from "./answer.ts";
import type { HttpRequest } from "./request_reader.ts";

/**
 * Stores pushed events; with `our_head` in the body the answer holds what the caller lacks.
 *
 * @throws {NodeError} `bad_request` if the body is no push for this community.
 */
export function handleSync(core: NodeCore, request: HttpRequest): PlainAnswer {
  return jsonAnswer(200, answerSync(core, parse(core, request.body)) as unknown as JsonObject);
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
