/** Faults of the reference node: websocket. */

import { faults } from "../fault.ts";

export const websocketFaults = faults({});
