/** Faults of the reference node: identity. */

import { faults } from "../fault.ts";

export const identityFaults = faults({});
