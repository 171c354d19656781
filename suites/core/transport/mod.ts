/** core/transport: HTTP and, in websocket/, the WebSocket upgrade. */

import type { Suite } from "../../../src/runner/case.ts";
import { httpCases } from "./http_cases.ts";
import { websocketCases } from "./websocket/mod.ts";

export const transportSuite: Suite = { section: "core/transport", cases: [...httpCases, ...websocketCases] };
