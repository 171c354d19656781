/** The real parts of a node. */

import { createBlobs } from "./blobs/mod.ts";
import { createBus } from "./bus/mod.ts";
import { registerAll } from "./capabilities/mod.ts";
import { openEventLog } from "./log/mod.ts";
import type { NodeParts } from "./node.ts";
import { createPeers } from "./peers/mod.ts";
import { createTokens } from "./tokens/mod.ts";

export const NODE_PARTS: NodeParts = { openEventLog, createBus, createPeers, createTokens, createBlobs, registerAll };
