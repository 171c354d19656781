/** Cases of core-bus.yaml, collected from the files beside this one. */

import type { ConformanceCase } from "../../../src/runner/case.ts";
import { bodyCases } from "./bodies.ts";
import { capacityCases } from "./capacity.ts";
import { descriptorCases } from "./descriptors.ts";
import { dispatchingCases } from "./dispatch.ts";
import { peerHealthCases } from "./peer_health.ts";
import { routingCases } from "./routing.ts";
import { trustCases } from "./trust.ts";

export const dispatchCases: readonly ConformanceCase[] = [
  ...descriptorCases,
  ...dispatchingCases,
  ...bodyCases,
  ...trustCases,
  ...capacityCases,
  ...routingCases,
  ...peerHealthCases,
];
