/** All suites of this version. main.ts hands them to the runner. */

import type { Suite } from "../src/runner/case.ts";
import { identitySuite } from "./core/identity/mod.ts";

/** Version of the suites (X09 §4.1), independent of the program's. */
export const SUITE_VERSION = "1.0.0";

/** In report order. */
export const SUITES: readonly Suite[] = [identitySuite];
