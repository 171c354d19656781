/** Cases of protocol.yaml. */

import type { ConformanceCase } from "../../../../src/runner/case.ts";
import { descriptionCases } from "./description.ts";
import { experimentalCases } from "./experimental.ts";
import { registryCases } from "./registry.ts";
import { reportFormCases } from "./report_form.ts";
import { reportOverallCases } from "./report_overall.ts";
import { reportCases } from "./reports.ts";
import { runnerCases } from "./runner.ts";
import { versionCases } from "./versions.ts";

export const protocolCases: readonly ConformanceCase[] = [
  ...versionCases,
  ...descriptionCases,
  ...reportCases,
  ...registryCases,
  ...experimentalCases,
  ...reportFormCases,
  ...reportOverallCases,
  ...runnerCases,
];
