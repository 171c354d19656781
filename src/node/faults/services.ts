/** Faults of the reference node: services. */

import { faults } from "../fault.ts";

export const servicesFaults = faults({});
