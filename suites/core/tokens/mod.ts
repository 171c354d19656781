/** core/tokens. */

import type { Suite } from "../../../src/runner/case.ts";

export const tokensSuite: Suite = { section: "core/tokens", cases: [] };
