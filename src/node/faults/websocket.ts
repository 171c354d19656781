/** Faults of the reference node: websocket. */

import { websocketFlowFaults } from "./websocket_flow.ts";
import { websocketStartFaults } from "./websocket_start.ts";
import { websocketStreamFaults } from "./websocket_stream.ts";

export const websocketFaults = { ...websocketStartFaults, ...websocketStreamFaults, ...websocketFlowFaults } as const;
