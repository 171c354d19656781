/** All suites of this version. main.ts hands them to the runner. */

import type { Suite } from "../src/runner/case.ts";
import { busSuite } from "./core/bus/mod.ts";
import { eventsSuite } from "./core/events/mod.ts";
import { filesSuite } from "./core/files/mod.ts";
import { identitySuite } from "./core/identity/mod.ts";
import { kbSuite } from "./core/kb/mod.ts";
import { llmSuite } from "./core/llm/mod.ts";
import { tokensSuite } from "./core/tokens/mod.ts";
import { transportSuite } from "./core/transport/mod.ts";

/** Version of the suites (X09 §4.1), independent of the program's. */
export const SUITE_VERSION = "1.0.0";

/** In report order. */
export const SUITES: readonly Suite[] = [
  identitySuite,
  transportSuite,
  busSuite,
  eventsSuite,
  tokensSuite,
  filesSuite,
  kbSuite,
  llmSuite,
];
