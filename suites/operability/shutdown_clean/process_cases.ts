/** What only a process shows of its end: signals, exit code, port, what it leaves behind, a sudden death. */

import { describe, status } from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { NodeSignal, StopOutcome } from "../../../src/target/target.ts";
import { allListed, begun, healthy, isRefused, posts, tryPost } from "../lifecycle.ts";

/** Exit code of a shell's child that SIGTERM ended. */
const TERMINATED = 143;
/** Posts before a sudden death. */
const BEFORE_THE_KILL = 8;
/** Cases that start a process twice, and may wait for its grace period. */
const LONGEST_MS = 120_000;

/** Ends a node that is well. */
async function endHealthy(context: CaseContext, signal: NodeSignal): Promise<StopOutcome> {
  context.must(status(await healthy(context), 200));
  return await context.target.control.end(signal);
}

function endedItself({ must, should }: CaseContext, signal: NodeSignal, { ended, ms }: StopOutcome): void {
  const judge = signal === "SIGTERM" ? must : should;
  judge.hold(ended, `the process exits by itself within 10 s of ${signal}`, `it still ran after ${ms} ms`);
}

export const processCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/shutdown_clean/sigterm-ends",
    requirement: "OPS-001",
    brokenBy: ["ignores-sigterm"],
    effects: "none",
    hostedBy: "process",
    longestMs: LONGEST_MS,
    async run(context) {
      endedItself(context, "SIGTERM", await endHealthy(context, "SIGTERM"));
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/sigint-ends",
    requirement: "OPS-002",
    brokenBy: ["ignores-sigint", "child-keeps-port"],
    effects: "none",
    hostedBy: "process",
    longestMs: LONGEST_MS,
    async run(context) {
      const outcome = await endHealthy(context, "SIGINT");
      endedItself(context, "SIGINT", outcome);
      const { leftovers } = outcome;
      if (leftovers === null) return context.note("what the process leaves behind cannot be seen here");
      context.should.hold(leftovers === 0, "no process of the node outlives it", `${leftovers} still run`);
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/exit-code",
    requirement: "OPS-003",
    brokenBy: ["stop-exits-with-1"],
    effects: "none",
    hostedBy: "process",
    longestMs: LONGEST_MS,
    async run(context) {
      const { ended, code, signal } = await endHealthy(context, "SIGTERM");
      if (!ended) return context.inconclusive("SIGTERM does not end the node (OPS-001)");
      if (signal === "SIGTERM" || code === TERMINATED) return context.note("the process dies of SIGTERM");
      context.should.hold(code === 0, "exit code 0 after a requested stop", signal ?? `code ${code}`);
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/port-released",
    requirement: "OPS-004",
    brokenBy: ["child-keeps-port"],
    effects: "none",
    hostedBy: "process",
    longestMs: LONGEST_MS,
    async run(context) {
      const { target, must } = context;
      const { ended } = await endHealthy(context, "SIGTERM");
      if (!ended) return context.inconclusive("SIGTERM does not end the node (OPS-001)");
      const answer = await target.httpGet("/health");
      must.hold(isRefused(answer), "a refused connection after the exit", describe(answer), answer.exchange);
      const { started, why } = await target.control.begin();
      must.hold(started, "a restart on the same port succeeds at once", why);
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/survives-sigkill",
    requirement: "OPS-012",
    brokenBy: ["commits-only-at-stop", "write-buffer-lost-at-stop"],
    effects: "writes",
    alsoNeeds: ["members:2"],
    hostedBy: "process",
    longestMs: LONGEST_MS,
    async run(context) {
      const author = await context.actors.member("survivor");
      const made = await posts(context, BEFORE_THE_KILL);
      await context.target.control.end("SIGKILL");
      const { started, why } = await context.target.control.begin();
      context.should.hold(started, "the node starts after a sudden kill", why);
      await allListed(context, author, made);
      const again = await tryPost(context, author, `After the kill ${context.target.id()}`);
      context.should.hold(again !== undefined, "a new post works after a sudden kill", "it is refused");
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/stops-twice",
    requirement: "OPS-011",
    brokenBy: ["lock-file-left"],
    effects: "none",
    hostedBy: "process",
    longestMs: LONGEST_MS,
    async run(context) {
      await endHealthy(context, "SIGTERM");
      const { started, why } = await context.target.control.begin();
      context.must.hold(started, "the node starts again after a clean stop", why);
      await endHealthy(context, "SIGTERM");
      await begun(context);
      context.must(status(await healthy(context), 200));
    },
  }),
];
