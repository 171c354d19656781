/** The model backend behind llm, embed and rag, and how it misbehaves on request. M04 §5; M05 §6. */

import { type Call, type NodeCore, NodeError } from "../core.ts";
import { untilAborted } from "./inbox.ts";

/** Returns when an embedding backend is there. @throws {NodeError} `partition` if absent, `internal_error` if broken. */
export async function embeddingBackend(core: NodeCore, call: Call): Promise<void> {
  switch (core.options.backendFault) {
    case "absent":
      throw new NodeError("partition", "Cannot embed: no embedding provider is reachable");
    case "fail":
      throw new NodeError("internal_error", "Cannot embed: the backend failed");
    case "hang":
      return await untilAborted(call.signal);
  }
}
