/** Cases of core-websocket.yaml. */

import type { ConformanceCase } from "../../../../src/runner/case.ts";
import { firstMessageCases } from "./first_message.ts";
import { flowCases } from "./flow.ts";
import { frameCases } from "./frames.ts";
import { subscriptionCases } from "./subscriptions.ts";
import { timeCases } from "./time.ts";
import { upgradeCases } from "./upgrade.ts";

export const websocketCases: readonly ConformanceCase[] = [
  ...upgradeCases,
  ...firstMessageCases,
  ...frameCases,
  ...flowCases,
  ...subscriptionCases,
  ...timeCases,
];
