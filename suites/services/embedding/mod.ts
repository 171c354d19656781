/** services/embedding: embed.text. */

import type { Suite } from "../../../src/runner/case.ts";
import { requestCases } from "./request_cases.ts";
import { vectorCases } from "./vector_cases.ts";

export const embeddingSuite: Suite = {
  section: "services/embedding",
  cases: [...vectorCases, ...requestCases],
};
