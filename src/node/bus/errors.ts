/** Every exception that leaves the bus is a refusal with a code. */

import { NodeError } from "../core.ts";

/** The refusal of an exception; anything unexpected is `internal_error` and tells the caller nothing. */
export function refusalOf(error: unknown): NodeError {
  if (error instanceof NodeError) return error;
  const refusal = new NodeError("internal_error", "the call failed inside the node");
  refusal.cause = error;
  return refusal;
}
