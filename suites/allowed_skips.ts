/** The only cases that may be skipped on the embedded node, each with its reason. Cases marked slow are not listed. */

import { NEEDS_A_PROCESS } from "../src/runner/run.ts";

/** Case id and reason. */
export const ALLOWED_SKIPS: Readonly<Record<string, string>> = {
  "core/bus/inert-without-conformance":
    "PRO-035 needs evidence.claim.assert, an experimental capability the reference node does not offer in this version",
};

/** Reasons that excuse whole groups of cases on the embedded node; selftest proves these on child processes. */
export const ALLOWED_SKIP_REASONS: readonly string[] = [NEEDS_A_PROCESS];
