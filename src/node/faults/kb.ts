/** Faults of the reference node: kb. */

import { faults } from "../fault.ts";

export const kbFaults = faults({});
