/** Faults of the reference node: events. */

import { faults } from "../fault.ts";

export const eventsFaults = faults({});
