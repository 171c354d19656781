/** Cases of core-websocket.yaml. */

import type { ConformanceCase } from "../../../../src/runner/case.ts";

export const websocketCases: readonly ConformanceCase[] = [];
