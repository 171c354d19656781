/** Faults of the reference node: bus. */

import { busCallFaults } from "./bus_calls.ts";
import { busDescriptorFaults } from "./bus_descriptors.ts";
import { busPeerFaults } from "./bus_peers.ts";

export const busFaults = { ...busDescriptorFaults, ...busCallFaults, ...busPeerFaults } as const;
