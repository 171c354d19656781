import { assertEquals } from "@std/assert";
import { causesOf } from "./causes.ts";
import { RunComparer } from "./compare.ts";
import { runPair } from "./pair.ts";
import { answered, listCalls, scripted, silent } from "./testing.ts";

const plan = (count: number) => ({ seed: 1, actors: { m1: "member" as const }, steps: listCalls(count) });
const good = () => answered('{"output":{}}');

Deno.test("equal sides have no findings", async () => {
  const run = await runPair(plan(5), scripted(good), scripted(good));
  assertEquals([run.findings, run.stop, run.left.length], [[], undefined, 5]);
});

Deno.test("a side that dies is a crash, and what came before is kept", async () => {
  const run = await runPair(plan(9), scripted(good), scripted((i) => i < 4 ? good() : silent("refused")));
  assertEquals(run.findings.map((finding) => [finding.step, finding.class]), [[4, "crash"]]);
  assertEquals(run.stop, { step: 5, who: "right", why: "it cannot be reached any more" });
  assertEquals(run.left.length, 6);
});

Deno.test("a side that hangs is given up", async () => {
  const run = await runPair(plan(9), scripted((i) => i < 1 ? good() : silent("deadline")), scripted(good));
  assertEquals(run.stop, { step: 2, who: "left", why: "it does not answer any more" });
});

Deno.test("garbage in place of an answer is a difference", async () => {
  const run = await runPair(plan(2), scripted(good), scripted(() => silent("malformed")));
  assertEquals(run.findings[0]?.path, "connection");
  assertEquals(run.stop, undefined);
});

Deno.test("a side that answers nothing but garbage any more is given up with one crash", async () => {
  const run = await runPair(plan(30), scripted(good), scripted((i) => i < 3 ? good() : silent("malformed")));
  assertEquals(run.findings.map(({ step, class: kind }) => [step, kind]), [[3, "crash"]]);
  assertEquals(run.stop, { step: 10, who: "right", why: "its answers cannot be read any more" });
});

Deno.test("a side that is cut off while it dies crashed at that step", async () => {
  const dying = (i: number) => i < 2 ? good() : silent(i === 2 ? "reset" : "refused");
  const run = await runPair(plan(9), scripted(dying), scripted(good));
  assertEquals(run.findings.map(({ step, class: kind, left }) => [step, kind, left]), [[
    2,
    "crash",
    "reset, no answer",
  ]]);
  assertEquals(run.stop?.who, "left");
});

Deno.test("steps that nobody answers stop nothing while both sides live", async () => {
  const odd = (i: number) => i % 2 === 0 ? silent("closed") : good();
  const run = await runPair(plan(40), scripted(odd), scripted(odd));
  assertEquals([run.findings, run.stop, run.left.length], [[], undefined, 40]);
});

Deno.test("both sides gone stops the run", async () => {
  const run = await runPair(plan(9), scripted(() => silent("refused")), scripted(() => silent("refused")));
  assertEquals(run.stop?.who, "both");
});

Deno.test("one cause at many steps is one entry", async () => {
  const other = () => answered('{"output":{"extra":1}}');
  const run = await runPair(plan(5), scripted(good), scripted(other));
  const causes = causesOf(plan(5), run.findings);
  assertEquals(causes.map(({ first, count }) => [first.address, first.path, count]), [[
    "market.list",
    "output.extra",
    5,
  ]]);
});

Deno.test("equal values in other bytes are byte-only", () => {
  const comparer = new RunComparer();
  const [step] = listCalls(1);
  if (step === undefined) return;
  const found = (left: string, right: string) =>
    comparer.step(0, step, answered(left), answered(right)).map((finding) => `${finding.class} ${finding.path}`);
  assertEquals(found('{"a":1,"b":2}', '{"b":2,"a":1}'), ["byte-only key order"]);
  assertEquals(found('{"a":1}', '{"a": 1}'), ["byte-only layout"]);
  assertEquals(found('{"a":1.50}', '{"a":1.5}'), ["byte-only layout"]);
  assertEquals(found('{"a":1}', '{"a":"1"}'), ["semantic a"]);
});

Deno.test("headers are compared by presence, order and case", () => {
  const comparer = new RunComparer();
  const [step] = listCalls(1);
  if (step === undefined) return;
  const found = (left: [string, string][], right: [string, string][]) =>
    comparer.step(0, step, answered("{}", { headers: left }), answered("{}", { headers: right })).map(
      (finding) => `${finding.class} ${finding.path}`,
    );
  assertEquals(found([["A", "1"], ["B", "2"]], [["B", "2"], ["A", "1"]]), ["byte-only headers.order"]);
  assertEquals(found([["A", "1"]], [["a", "1"]]), ["byte-only headers.case"]);
  assertEquals(found([["A", "1"]], []), ["semantic headers.a"]);
});

Deno.test("a signature that does not hold on one side is a canonical difference", () => {
  const comparer = new RunComparer();
  const [step] = listCalls(1);
  if (step === undefined) return;
  const left = answered("{}", { signatures: new Map([["header", "envelope"]]) });
  const right = answered("{}", { signatures: new Map([["header", "invalid"]]) });
  assertEquals(comparer.step(0, step, left, right).map((finding) => `${finding.class} ${finding.path}`), [
    "canonical signature.header",
  ]);
});

Deno.test("only much slower answers are a difference of time", () => {
  const comparer = new RunComparer();
  const [step] = listCalls(1);
  if (step === undefined) return;
  const found = (left: number, right: number) =>
    comparer.step(0, step, answered("{}", { ms: left }), answered("{}", { ms: right })).map(({ class: kind }) => kind);
  assertEquals(found(1, 400), []);
  assertEquals(found(1, 4000), ["timing"]);
});

Deno.test("traces say nothing of calls whose results depend on the moment", () => {
  const comparer = new RunComparer();
  const [step] = listCalls(1);
  if (step === undefined) return;
  const traces = { origin: "GET /trace/recent", step: { do: "http", method: "GET", path: "/trace/recent" } } as const;
  const found = () =>
    comparer.step(1, traces, answered('{"traces":[{"result":"ok"}]}'), answered('{"traces":[{"result":"timeout"}]}'))
      .map(({ path }) => path);
  assertEquals(found(), ["traces[].result"]);
  comparer.step(
    0,
    { ...step, step: { ...step.step, cancel_after: 1 } as typeof step.step },
    answered("{}"),
    answered("{}"),
  );
  assertEquals(found(), []);
});
