/** core/files. */

import type { Suite } from "../../../src/runner/case.ts";

export const filesSuite: Suite = { section: "core/files", cases: [] };
