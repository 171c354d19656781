/** services/market: the notice board. */

import type { Suite } from "../../../src/runner/case.ts";
import { expireCases } from "./expire_cases.ts";
import { listCases } from "./list_cases.ts";
import { modelCases } from "./model_cases.ts";
import { postCases } from "./post_cases.ts";
import { searchCases } from "./search_cases.ts";
import { topicCases } from "./topic_cases.ts";

export const marketSuite: Suite = {
  section: "services/market",
  cases: [...postCases, ...listCases, ...expireCases, ...searchCases, ...topicCases, ...modelCases],
};
