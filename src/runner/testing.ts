/** Small suites for the tests of the runner. */

import { equals, okObject } from "../check/mod.ts";
import { systemClock } from "../wire/mod.ts";
import type { ConformanceCase } from "./case.ts";
import type { Requirement } from "./requirement.ts";
import { plan } from "./select.ts";

export const SECTION = "core/identity";
export const CLOCK = systemClock();
/** The requirement of {@linkcode requirementOf} that needs a node the tester can restart. */
export const MANAGED = "IDN-002";

/** A requirement of any id. */
export function requirementOf(id: string): Requirement {
  return {
    id,
    section: SECTION,
    ref: "CONTRACT §6.1",
    level: "MUST",
    needs: id === MANAGED ? ["managed"] : [],
    says: "a rule",
    observe: "look",
    fault: "broken",
  };
}

/** What fails under the fault `manifest-ttl-300`. */
export const lifetime: Pick<ConformanceCase, "effects" | "run"> = {
  effects: "none",
  async run({ target, must }) {
    const { issued_at, expires_at } = must.get(okObject(await target.manifest()));
    const seconds = (Date.parse(String(expires_at)) - Date.parse(String(issued_at))) / 1000;
    must(equals(seconds, 30, "the lifetime in seconds"));
  },
};

/** Cases of {@linkcode SECTION} with what a selftest shares; every call starts from the present time. */
export function suiteOf(cases: readonly ConformanceCase[]) {
  const all = plan([{ section: SECTION, cases }], requirementOf);
  return {
    all,
    planned: all,
    requirementOf,
    clock: CLOCK,
    seed: 7,
    timeOrigin: Math.floor(CLOCK.wall() / 1000) * 1000,
    suiteVersion: "1.0.0",
    parallel: 4,
  };
}
