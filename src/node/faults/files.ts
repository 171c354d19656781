/** Faults of the reference node: files. */

import { faults } from "../fault.ts";

export const filesFaults = faults({});
