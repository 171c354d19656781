/** core/llm. */

import type { Suite } from "../../../src/runner/case.ts";

export const llmSuite: Suite = { section: "core/llm", cases: [] };
