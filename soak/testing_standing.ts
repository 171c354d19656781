/** A standing for tests of what shows one. */

import { VirtualClock } from "../src/wire/clock.ts";
import type { CallDone } from "./observation.ts";
import { type RunConfig, RunState } from "./run_state.ts";
import { Lookout, type Standing } from "./standing.ts";

export const CONFIG_IN_TEST: RunConfig = {
  seed: 1,
  timeOrigin: 0,
  startedWall: 0,
  durationMs: 86_400_000,
  rateText: "20/s",
  callers: 3,
  thresholds: ["latency.p99 < 250ms over 5m"],
  target: { kind: "endpoint", url: "http://127.0.0.1:1", dialect: "contract" },
  nodeId: "node",
  communityId: "community",
  readable: true,
  headBefore: 0,
  options: {},
  secrets: [],
};
const MIB = 1_048_576;
const DAY_S = 86_400;

export const callInTest = (due: number, code = "ok"): CallDone => ({
  kind: "call",
  capability: "market.list",
  due,
  started: due,
  ended: due + 5,
  code,
});

/** A run of `seconds` with 20 calls a second and a memory that grows by so many bytes a second. */
export function watchedInTest(seconds: number, growth: number) {
  const clock = new VirtualClock({ advanceOnSleep: false });
  const state = new RunState(CONFIG_IN_TEST);
  const lookout = new Lookout(state, clock);
  let standing: Standing = lookout.look(0, DAY_S);
  for (let s = 0; s < seconds; s++) {
    for (let n = 0; n < 20; n++) state.observe(callInTest(s * 1000 + n * 50, s < 3 && n === 0 ? "timeout" : "ok"));
    const noise = (s * 7919 % 13) * 1000;
    state.observe({ kind: "sample", series: "memory.rss", at: s * 1000, value: 80 * MIB + s * growth + noise });
    clock.advance(1000);
    standing = lookout.look(s + 1, DAY_S);
  }
  return { standing, state, lookout };
}

/** Of a run with a judged series, failed calls and an offence. */
export function standingInTest(): Standing {
  const { state, lookout } = watchedInTest(60, MIB);
  state.observe({ ...callInTest(60_000), capability: "llm.chat", streamProblem: "ended without a terminal frame" });
  return lookout.look(61, DAY_S);
}
