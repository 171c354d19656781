/** operability/shutdown_clean: the end of a node and what follows it. X09 §6.5. */

import type { Suite } from "../../../src/runner/case.ts";
import { dataCases } from "./data_cases.ts";
import { processCases } from "./process_cases.ts";
import { runningCases } from "./running_cases.ts";

export const shutdownSuite: Suite = {
  section: "operability/shutdown_clean",
  cases: [...processCases, ...dataCases, ...runningCases],
};
