import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "../../wire/clock.ts";
import { type BusAnswer, type Frame, NodeError, type UnaryResult } from "../core.ts";
import { anyCapability, callOf, testCore } from "./testing.ts";

const LIMIT = 3;
const DEADLINE_MS = 100;

/** One call under test and the ways to move it on. */
interface Live {
  readonly abort: AbortController;
  readonly settle: (outcome: "done" | "error") => void;
  readonly answer: Promise<BusAnswer | undefined>;
}

/** What may happen to the call of the given number. */
const step = fc.record({
  kind: fc.constantFrom("unary", "stream", "done", "error", "abort", "read", "drop", "late"),
  which: fc.nat(20),
});

Deno.test("whatever happens to calls in whatever order, no slot is lost and none is taken twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const clock = new VirtualClock({ wallMs: 0, advanceOnSleep: false });
      const { core } = testCore(clock);
      let running = 0;
      let most = 0;
      const settlers: ((outcome: "done" | "error") => void)[] = [];
      const work = () => {
        most = Math.max(most, ++running);
        return new Promise<void>((resolve, reject) =>
          settlers.push((outcome) => outcome === "done" ? resolve() : reject(new NodeError("not_found", "gone")))
        );
      };
      async function* frames(promise: Promise<void>): AsyncGenerator<Frame, void, void> {
        yield { event: "token", data: {} };
        await promise;
        yield { event: "done", data: {} };
      }
      core.bus.register(
        anyCapability({ max_concurrent: LIMIT, deadlineMs: DEADLINE_MS, streaming: { default: false } }),
        ({ transport }) => {
          const promise = work();
          promise.catch(() => {});
          return transport === "sse" ? frames(promise) : promise.then((): UnaryResult => ({ output: {} }));
        },
      );
      const live: Live[] = [];
      const reads: Promise<unknown>[] = [];
      const start = (stream: boolean) => {
        const abort = new AbortController();
        const before = settlers.length;
        const call = callOf("file.list", { body: { input: { stream } }, signal: abort.signal });
        const answer = core.bus.dispatch(call).catch(() => undefined);
        const settle = settlers[before];
        if (settle !== undefined) live.push({ abort, settle, answer });
      };
      const framesOf = async ({ answer }: Live) => {
        const settled = await Promise.race([answer, Promise.resolve(undefined)]);
        return settled?.kind === "stream" ? settled.frames : undefined;
      };
      for (const { kind, which } of steps) {
        const target = live[which % Math.max(live.length, 1)];
        if (kind === "unary" || kind === "stream") start(kind === "stream");
        else if (kind === "late") clock.advance(DEADLINE_MS);
        else if (target === undefined) continue;
        else if (kind === "abort") target.abort.abort();
        else if (kind === "done" || kind === "error") target.settle(kind);
        else if (kind === "read") {
          const step = (await framesOf(target))?.next();
          if (step !== undefined) reads.push(step.catch(() => {}));
        } else await (await framesOf(target))?.return();
        assertEquals(core.bus.inFlight() <= LIMIT, true);
      }
      for (const { abort, settle, answer } of live) {
        abort.abort();
        settle("done");
        await answer;
      }
      clock.advance(core.rules.cancelGraceMs);
      await Promise.all(reads);
      assertEquals([core.bus.inFlight(), clock.sleeping], [0, 0]);
      const again = Array.from({ length: LIMIT + 1 }, () => {
        const before = settlers.length;
        start(false);
        return settlers.length > before;
      });
      assertEquals(again, [...Array(LIMIT).fill(true), false]);
      for (const settle of settlers) settle("done");
      await Promise.all(live.map(({ answer }) => answer));
      assertEquals(core.bus.inFlight(), 0);
    }),
    { numRuns: 100 },
  );
});
