/** Faults of the reference node: protocol. */

import { faults } from "../fault.ts";

export const protocolFaults = faults({});
