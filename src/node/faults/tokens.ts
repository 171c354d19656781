/** Faults of the reference node: tokens. */

import { faults } from "../fault.ts";

export const tokensFaults = faults({});
