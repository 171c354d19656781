/** Faults of the reference node: files. */

import { filesPutFaults } from "./files_put.ts";
import { filesReadFaults } from "./files_read.ts";

export const filesFaults = { ...filesReadFaults, ...filesPutFaults } as const;
