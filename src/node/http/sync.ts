/** `POST /sync/v1/events`: events pushed by a peer (wire-format.md section 12). */

import type { JsonObject } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";
import { answerSync } from "../log/sync.ts";
import { jsonAnswer, type PlainAnswer } from "./answer.ts";
import { parseBody } from "./call.ts";
import type { HttpRequest } from "./request_reader.ts";

/**
 * Stores pushed events.
 *
 * @throws {NodeError} `bad_request` if the body is no push for this community.
 */
export function handleSync(core: NodeCore, request: HttpRequest): PlainAnswer {
  return jsonAnswer(200, answerSync(core, parseBody(core, request.body)) as unknown as JsonObject);
}
