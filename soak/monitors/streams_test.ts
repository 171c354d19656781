import { assertEquals } from "@std/assert";
import type { CallDone } from "../observation.ts";
import { streamProblem } from "../workload_calls.ts";
import { StreamMonitor } from "./streams.ts";

type Answer = Parameters<typeof streamProblem>[0];

/** What the load says of a stream with these events. */
function problemOf(events: readonly string[], failure?: string): string | undefined {
  const frames = events.map((event) => ({ event, json: {} }));
  const answer = failure === undefined ? {} : { failure: { kind: failure, message: "" } };
  return streamProblem({ answer, sse: { frames } } as unknown as Answer);
}

function fed(problems: readonly (string | undefined)[], interrupted = false) {
  const monitor = new StreamMonitor(() => interrupted, 0);
  problems.forEach((problem, n) => {
    const at = n * 1000;
    const call: CallDone = { kind: "call", capability: "llm.chat", due: at, started: at, ended: at, code: "ok" };
    monitor.observe(problem === undefined ? call : { ...call, streamProblem: problem });
  });
  const again = new StreamMonitor(() => interrupted, 0);
  again.restore(JSON.parse(JSON.stringify(monitor.state())));
  assertEquals(again.verdict(), monitor.verdict());
  return again.verdict();
}

Deno.test("a stream with one terminal frame at its end is whole", () => {
  assertEquals([problemOf(["token", "token", "done"]), problemOf(["error"])], [undefined, undefined]);
  assertEquals(fed([undefined, undefined]).reason, "2 streams, all with one terminal frame");
  assertEquals(fed([]).outcome, "idle");
});

Deno.test("every way in which a stream is not whole is told", () => {
  const table: [events: string[], failure: string | undefined, says: string][] = [
    [["token"], undefined, "ended after 1 frames without done or error"],
    [["done", "done"], undefined, "has 2 terminal frames"],
    [["done", "token"], undefined, "goes on after its terminal frame with token"],
    [["token", "token"], "reset", "broke off after 2 frames: reset"],
  ];
  for (const [events, failure, says] of table) {
    const verdict = fed([undefined, problemOf(events, failure)]);
    assertEquals([verdict.outcome, verdict.reason, verdict.first_offence?.at_s], [
      "violated",
      `a stream of llm.chat ${says}`,
      1,
    ]);
  }
});

Deno.test("a stream that is done without a chunk it named has a gap", () => {
  const read = (...came: number[]) => {
    const chunks = came.map((i) => ({ event: "chunk", json: { i } }));
    const named = { event: "manifest", json: { cid: "c", chunks: [{ i: 0 }, { i: 1 }, { i: 2 }] } };
    const frames = [named, ...chunks, { event: "done", json: {} }];
    return streamProblem({ answer: {}, sse: { frames } } as unknown as Answer);
  };
  assertEquals([read(0, 1, 2), read(2, 0, 1), read(0, 2)], [undefined, undefined, "lacks chunk 1 of the 3 it named"]);
});

Deno.test("a stream that a declared fault broke is the fault's", () => {
  assertEquals(fed([undefined, problemOf(["token"], "reset")], true).outcome, "sound");
});
