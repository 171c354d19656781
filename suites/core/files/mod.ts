/** core/files. */

import type { Suite } from "../../../src/runner/case.ts";
import { blobCases } from "./blob_cases.ts";
import { chunkCases } from "./chunk_cases.ts";
import { listCases } from "./list_cases.ts";
import { putCases } from "./put_cases.ts";
import { resumeCases } from "./resume_cases.ts";

export const filesSuite: Suite = {
  section: "core/files",
  cases: [...chunkCases, ...blobCases, ...listCases, ...putCases, ...resumeCases],
};
