/** core/kb. */

import type { Suite } from "../../../src/runner/case.ts";
import { corporaCases } from "./corpora_cases.ts";
import { eventCases } from "./event_cases.ts";
import { ingestCases } from "./ingest_cases.ts";
import { queryCases } from "./query_cases.ts";
import { searchCases } from "./search_cases.ts";

export const kbSuite: Suite = {
  section: "core/kb",
  cases: [...queryCases, ...searchCases, ...ingestCases, ...eventCases, ...corporaCases],
};
