import { assertEquals } from "@std/assert";
import { RunComparer } from "./compare.ts";
import type { PlannedStep } from "./plan.ts";
import { answered, listCalls, silent } from "./testing.ts";

const WAIT_SECONDS = 1;

/** Differences of two polls that came back after so many milliseconds. */
function polls(left: number, right: number, body = '{"timeout":true}', timeout = WAIT_SECONDS): string[] {
  const step: PlannedStep = { origin: "poll", step: { do: "poll", topic: "t", timeout } };
  const comparer = new RunComparer();
  const found = comparer.step(0, step, answered(body, { ms: left }), answered(body, { ms: right }));
  comparer.close();
  return found.map(({ path }) => path);
}

Deno.test("a poll that gives up before its time differs from one that waits", () => {
  assertEquals(polls(1002, 3), ["waiting"]);
  assertEquals(polls(2, 1002), ["waiting"]);
});

Deno.test("polls that both wait, both do not, or have a message are the same", () => {
  assertEquals(polls(1002, 1900), []);
  assertEquals(polls(1, 4), []);
  assertEquals(polls(1002, 3, '{"seq":1}'), []);
  assertEquals(polls(900, 3, '{"timeout":true}', 0), []);
});

Deno.test("a message that is seen only when the poll ends is a difference of time", () => {
  assertEquals(polls(8, 4002, '{"seq":1}', 4), ["timing"]);
});

Deno.test("a deadline on one side alone is a difference of time, a refused connection is a crash", () => {
  const kinds = (failure: "deadline" | "refused" | "reset") => {
    const comparer = new RunComparer();
    const [step] = listCalls(1);
    const found = step === undefined ? [] : comparer.step(0, step, answered("{}"), silent(failure));
    comparer.close();
    return found.map(({ class: kind, path }) => `${kind} ${path}`);
  };
  assertEquals(kinds("deadline"), ["timing connection"]);
  assertEquals(kinds("refused"), ["crash connection"]);
  assertEquals(kinds("reset"), ["semantic connection"]);
});

Deno.test("a connection that is kept on one side and closed or broken off on the other is a difference", () => {
  const found = (change: Parameters<typeof answered>[1]) => {
    const comparer = new RunComparer();
    const [step] = listCalls(1);
    const list = step === undefined ? [] : comparer.step(0, step, answered("{}"), answered("{}", change));
    comparer.close();
    return list.map(({ path, left, right }) => `${path}: ${left} / ${right}`);
  };
  assertEquals(found({ end: "closed" }), ["connection: kept after 200 / closed after 200"]);
  assertEquals(found({ failure: "reset" }), ["connection: kept after 200 / reset"]);
  assertEquals(found({}), []);
});
