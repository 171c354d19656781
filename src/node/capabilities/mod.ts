/** All capabilities the node serves. */

import type { NodeCore } from "../core.ts";
import { registerFiles } from "./files.ts";

/** Registers every family with the bus. */
export function registerAll(core: NodeCore): void {
  registerFiles(core);
}
