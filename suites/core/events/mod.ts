/** core/events. */

import type { Suite } from "../../../src/runner/case.ts";

export const eventsSuite: Suite = { section: "core/events", cases: [] };
