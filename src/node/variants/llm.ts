/** Sound variants of the reference node: llm. */

import { variants } from "../fault.ts";

export const llmVariants = variants({});
