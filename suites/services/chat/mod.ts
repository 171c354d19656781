/** services/chat: direct messages. */

import type { Suite } from "../../../src/runner/case.ts";
import { deliveryCases } from "./delivery_cases.ts";
import { historyCases } from "./history_cases.ts";
import { modelCases } from "./model_cases.ts";
import { receiptCases } from "./receipt_cases.ts";
import { sendCases } from "./send_cases.ts";

export const chatSuite: Suite = {
  section: "services/chat",
  cases: [...sendCases, ...historyCases, ...receiptCases, ...deliveryCases, ...modelCases],
};
