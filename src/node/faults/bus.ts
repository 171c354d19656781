/** Faults of the reference node: bus. */

import { faults } from "../fault.ts";

export const busFaults = faults({});
