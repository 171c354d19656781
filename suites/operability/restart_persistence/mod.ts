/** operability/restart_persistence: what is there before a restart is there after it. X09 §6.5. */

import type { Suite } from "../../../src/runner/case.ts";
import { identityCases } from "./identity_cases.ts";
import { logCases } from "./log_cases.ts";
import { storeCases } from "./store_cases.ts";

export const restartSuite: Suite = {
  section: "operability/restart_persistence",
  cases: [...identityCases, ...logCases, ...storeCases],
};
