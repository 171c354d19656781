/** Cases of protocol.yaml. */

import type { ConformanceCase } from "../../../../src/runner/case.ts";

export const protocolCases: readonly ConformanceCase[] = [];
