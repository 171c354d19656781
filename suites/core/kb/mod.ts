/** core/kb. */

import type { Suite } from "../../../src/runner/case.ts";

export const kbSuite: Suite = { section: "core/kb", cases: [] };
