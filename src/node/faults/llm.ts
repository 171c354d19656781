/** Faults of the reference node: llm. */

import { llmAnswerFaults } from "./llm_answers.ts";
import { llmInputFaults } from "./llm_inputs.ts";
import { llmToolFaults } from "./llm_tools.ts";

export const llmFaults = { ...llmAnswerFaults, ...llmInputFaults, ...llmToolFaults } as const;
