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
import { observabilitySuite } from "./operability/observability/mod.ts";
import { restartSuite } from "./operability/restart_persistence/mod.ts";
import { shutdownSuite } from "./operability/shutdown_clean/mod.ts";
import { chatSuite } from "./services/chat/mod.ts";
import { embeddingSuite } from "./services/embedding/mod.ts";
import { marketSuite } from "./services/market/mod.ts";

export { withVectors } from "./vector_suites.ts";
export { SUITE_VERSION } from "./version.ts";

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
  marketSuite,
  chatSuite,
  embeddingSuite,
  shutdownSuite,
  restartSuite,
  observabilitySuite,
];
