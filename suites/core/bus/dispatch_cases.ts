/** Cases of core-bus.yaml, collected from the files beside this one. */

import type { ConformanceCase } from "../../../src/runner/case.ts";

export const dispatchCases: readonly ConformanceCase[] = [];
