/** core/identity. */

import type { Suite } from "../../../src/runner/case.ts";
import { documentCases } from "./documents.ts";

export const identitySuite: Suite = { section: "core/identity", cases: [...documentCases] };
