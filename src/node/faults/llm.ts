/** Faults of the reference node: llm. */

import { faults } from "../fault.ts";

export const llmFaults = faults({});
