/** operability/observability: health, metrics, traces, logs, and the emergency mode. X09 §6.5; X03. */

import type { Suite } from "../../../src/runner/case.ts";
import { callCases } from "./call_cases.ts";
import { emergencyCases } from "./emergency_cases.ts";
import { endpointCases } from "./endpoint_cases.ts";
import { logFileCases } from "./log_file_cases.ts";
import { storeCases } from "./store_cases.ts";
import { traceCases } from "./trace_cases.ts";

export const observabilitySuite: Suite = {
  section: "operability/observability",
  cases: [...endpointCases, ...callCases, ...storeCases, ...traceCases, ...emergencyCases, ...logFileCases],
};
