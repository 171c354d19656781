import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CallDone } from "../observation.ts";
import { SeriesStore } from "../series.ts";
import { ErrorMonitor, MIN_CALLS, RECENT_CALLS, STOPPED_CALLS, STOPPED_MS } from "./errors.ts";

const EVERY_MS = 50;
const WINDOW_MS = 1000;
const never: (from: number, to: number) => boolean = () => false;

function call(number: number, code: string, capability = "market.list"): CallDone {
  const ended = number * EVERY_MS;
  return { kind: "call", capability, due: ended - 5, started: ended - 5, ended, code };
}

/** One call per code, stored and taken up again in the middle. */
function fed(codes: readonly (string | [code: string, capability: string])[], interrupted = never) {
  const series = new SeriesStore();
  const make = () => new ErrorMonitor(series, WINDOW_MS, 0, interrupted);
  const [first, second] = [make(), make()];
  const half = Math.floor(codes.length / 2);
  codes.forEach((one, number) => {
    if (number === half) second.restore(JSON.parse(JSON.stringify(first.state())));
    const [code, capability] = typeof one === "string" ? [one] : one;
    (number < half ? first : second).observe(call(number, code ?? "ok", capability));
  });
  return { verdict: second.verdict(), series };
}

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

Deno.test("a run whose calls are answered is sound, and so is one with a failure among very many", () => {
  assertEquals(fed([]).verdict.outcome, "idle");
  assertEquals(fed(times(50, () => "ok")).verdict, {
    name: "errors",
    outcome: "sound",
    reason: "0 of 50 calls failed",
    offences: 0,
  });
  const one = fed(times(1200, (n) => n === 700 ? "timeout" : "ok")).verdict;
  assertEquals([one.outcome, one.reason], ["sound", "1 of 1200 calls failed (timeout 1)"]);
});

Deno.test("a node that answers nothing but errors is violated, from the first error on", () => {
  const { verdict } = fed(times(700, (n) => n < 300 ? "ok" : "internal_error"));
  assertEquals([verdict.outcome, verdict.first_offence?.at_s], ["violated", 15]);
  assertMatch(
    verdict.reason,
    /^\d+ of the last \d+ calls failed \(internal_error \d+\); in all 400 of 700 calls failed$/,
  );
});

Deno.test("one capability that stops is named, though it is a small part of the load", () => {
  const codes = times(
    RECENT_CALLS * 2,
    (n): [string, string] => n % 50 === 0 ? [n < 500 ? "ok" : "unauthorized", "rag.query"] : ["ok", "market.list"],
  );
  const { verdict } = fed(codes);
  assertEquals([verdict.outcome, verdict.first_offence?.at_s], ["violated", 25]);
  assertStringIncludes(
    verdict.reason,
    "rag.query stopped working: 20 calls in a row failed, at last with unauthorized",
  );
});

Deno.test("a short outage is no stop, however many calls fail in it, but so many failures are seen", () => {
  const few = Math.min(STOPPED_CALLS, STOPPED_MS / EVERY_MS);
  const outage = (calls: number) =>
    fed(times(6000, (n) => n >= 2000 && n < 2000 + calls ? "closed" : "ok")).verdict.outcome;
  assertEquals([outage(few), outage(2 * few)], ["sound", "violated"]);
});

Deno.test("decay at the end of a long run counts, though it is little of the whole", () => {
  const { verdict } = fed(times(20_000, (n) => n > 19_900 && n % 2 === 0 ? "timeout" : "ok"));
  assertEquals(verdict.outcome, "violated");
  assert((verdict.first_offence?.at_s ?? 0) > 990);
});

Deno.test("a steady share of failures is judged by its interval", () => {
  const share = (every: number, calls: number) => fed(times(calls, (n) => n % every === 1 ? "timeout" : "ok")).verdict;
  assertEquals(share(50, 10_000).outcome, "violated");
  assertMatch(
    share(50, 10_000).reason,
    /^200 of 10000 calls failed \(timeout 200\): at least 1\.7% with 99% confidence/,
  );
  assertEquals(share(100, 1000).outcome, "inconclusive");
  assertEquals(share(1000, 10_000).outcome, "sound");
  assertEquals(share(2, MIN_CALLS - 1).outcome, "inconclusive");
});

Deno.test("limits of the target and calls it never allowed are no failures, but the load was not as planned", () => {
  for (const code of ["rate_limited", "unauthorized"]) {
    const { verdict } = fed(times(2000, (n): [string, string] => n % 4 === 0 ? [code, "rag.query"] : ["ok", "a.b"]));
    assertEquals(verdict.outcome, "inconclusive", code);
    assertStringIncludes(verdict.reason, `500 of 2000 calls were refused (${code} 500)`);
  }
  const broken = fed(times(2000, (n): [string, string] => n % 100 === 0 ? ["http_502", "x.y"] : ["ok", "a.b"])).verdict;
  assertStringIncludes(broken.reason, "x.y never worked");
});

Deno.test("what fails in a declared gap or through the tester is not counted", () => {
  const gap = fed(times(1000, (n) => n > 300 && n < 600 ? "closed" : "ok"), (_, to) => to > 15_000 && to < 30_000);
  assertEquals(gap.verdict.reason, "0 of 701 calls failed, and 299 in declared faults");
  assertEquals(fed(times(1000, (n) => n > 300 ? "tester_TypeError" : "ok")).verdict.outcome, "sound");
});

Deno.test("the share of failures is a series, and codes without end take no room", () => {
  const { series, verdict } = fed(times(400, (n) => n < 200 ? "ok" : `e${n}`));
  assertEquals(series.of("errors.percent").map(({ value }) => value).slice(8, 12), [0, 0, 100, 100]);
  assertStringIncludes(verdict.reason, "calls failed (e");
  const monitor = new ErrorMonitor(new SeriesStore(), WINDOW_MS, 0, never);
  for (let n = 0; n < 20_000; n++) monitor.observe(call(n, `e${n}`));
  assert(JSON.stringify(monitor.state()).length < 100_000);
});
