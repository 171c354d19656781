/** core/llm. */

import type { Suite } from "../../../src/runner/case.ts";
import { completeCases } from "./complete_cases.ts";
import { endCases } from "./end_cases.ts";
import { inputCases } from "./input_cases.ts";
import { loadCases } from "./load_cases.ts";
import { seededCases } from "./seeded_cases.ts";
import { streamCases } from "./stream_cases.ts";
import { toolCases } from "./tool_cases.ts";
import { toolsCallCases } from "./tools_call_cases.ts";
import { wholeCases } from "./whole_cases.ts";

export const llmSuite: Suite = {
  section: "core/llm",
  cases: [
    ...streamCases,
    ...wholeCases,
    ...inputCases,
    ...seededCases,
    ...loadCases,
    ...endCases,
    ...completeCases,
    ...toolCases,
    ...toolsCallCases,
  ],
};
