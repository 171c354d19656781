/** Faults of the reference node: transport. */

import { faults } from "../fault.ts";

export const transportFaults = faults({});
