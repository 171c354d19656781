/** Faults of the reference node: kb. */

import { kbIngestFaults } from "./kb_ingest.ts";
import { kbQueryFaults } from "./kb_query.ts";

export const kbFaults = { ...kbQueryFaults, ...kbIngestFaults } as const;
