/** Cases of core-transport.yaml, collected from the files beside this one. */

import type { ConformanceCase } from "../../../src/runner/case.ts";

export const httpCases: readonly ConformanceCase[] = [];
