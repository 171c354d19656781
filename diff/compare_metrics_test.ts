import { assertEquals } from "@std/assert";
import { utf8 } from "../src/protocol/mod.ts";
import { RunComparer } from "./compare.ts";
import type { Observation } from "./observation.ts";
import { AT_REST, type PlannedStep } from "./plan.ts";
import { readMetrics } from "./metrics_text.ts";
import { answered } from "./testing.ts";

const reading = (origin = "GET /metrics"): PlannedStep => ({
  origin,
  step: { do: "http", method: "GET", path: "/metrics" },
});
const call = (more: object): PlannedStep => ({
  origin: "call",
  step: { do: "call", as: "m1", capability: "llm.chat", input: {}, ...more },
});

/** What a reading of these lines is. */
function metrics(...lines: string[]): Observation {
  const text = lines.join("\n");
  const found = readMetrics("text/plain", utf8(text));
  return answered("{}", {
    body: utf8(text),
    value: found?.value,
    ...(found === undefined ? {} : { sums: found.sums }),
  });
}

/** Paths of the differences of all steps. */
function compared(...steps: (readonly [PlannedStep, Observation, Observation])[]): string[] {
  const comparer = new RunComparer();
  const found = steps.flatMap(([step, left, right], index) => comparer.step(index, step, left, right));
  comparer.close();
  return found.map(({ path }) => path).filter((path) => path !== "body");
}

const TOKENS = 'hearthnet_llm_tokens_generated_total{model="m"}';
const STREAMS = 'hearthnet_active_streams{capability="llm.chat"}';
const LIMITED = 'hearthnet_rate_limited_total{capability="llm.chat",reason="soft"}';
const granted = (outcomes: readonly number[]) => answered("{}", { outcomes, spanMs: 5 });

Deno.test("open streams count at rest only", () => {
  const pair = [metrics(`${STREAMS} 0`), metrics(`${STREAMS} 2`)] as const;
  assertEquals(compared([reading(), ...pair]), []);
  assertEquals(compared([reading(AT_REST), ...pair]), [`metrics.${STREAMS}`]);
});

Deno.test("of generated tokens only what comes on top between two readings at rest counts", () => {
  const at = (left: number, right: number) =>
    [reading(AT_REST), metrics(`${TOKENS} ${left}`), metrics(`${TOKENS} ${right}`)] as const;
  assertEquals(compared(at(500, 480), at(512, 492)), []);
  assertEquals(compared(at(500, 480), at(512, 528)), [`metrics.${TOKENS}`]);
  const cancelled = [call({ cancel_after: 2 }), answered("{}"), answered("{}")] as const;
  assertEquals(compared(at(500, 480), cancelled, at(512, 528), at(524, 540)), []);
  const none = [reading(AT_REST), metrics("hearthnet_other 1"), metrics("hearthnet_other 1")] as const;
  assertEquals(compared(none, at(12, 48)), [`metrics.${TOKENS}`]);
});

Deno.test("counters of what depends on a pace do not count, except that refusals of both are counted by both", () => {
  const burst = [call({ repeat: 3 }), granted([200, 429, 429]), granted([200, 429, 429])] as const;
  const calls = (n: number) => `hearthnet_requests_total{capability="llm.chat",result="ok"} ${n}`;
  assertEquals(compared([reading(), metrics(calls(1)), metrics(calls(2))]).length, 1);
  assertEquals(compared(burst, [reading(), metrics(calls(1), `${LIMITED} 2`), metrics(calls(2), `${LIMITED} 1`)]), []);
  assertEquals(compared(burst, [reading(), metrics(calls(1), `${LIMITED} 2`), metrics(calls(2))]), [
    'metrics.hearthnet_rate_limited_total{capability="llm.chat"}',
  ]);
  // One side was slow enough to refuse nobody.
  const slow = [
    call({ repeat: 3 }),
    granted([200, 429, 429]),
    answered("{}", { outcomes: [200, 200, 200], spanMs: 900 }),
  ];
  const [step, left, right] = slow as [PlannedStep, Observation, Observation];
  assertEquals(compared([step, left, right], [reading(), metrics(`${LIMITED} 2`), metrics("hearthnet_other 1")]), [
    "metrics.hearthnet_other",
  ]);
});

Deno.test("names of calls made at once under several names are uncertain each", () => {
  const burst = [
    call({ parallel: 4, names: 2 }),
    granted([404, 404, 404, 429]),
    granted([404, 404, 404, 404]),
  ] as const;
  const line = (name: string, n: number) => `hearthnet_requests_total{capability="${name}",result="not_found"} ${n}`;
  const uncertain = [reading(), metrics(line("llm.chat_1", 1)), metrics(line("llm.chat_1", 2))] as const;
  assertEquals(compared(burst, uncertain).filter((path) => path !== "outcomes"), []);
  const other = [reading(), metrics(line("llm.chat_2", 1)), metrics(line("llm.chat_2", 2))] as const;
  assertEquals(compared(burst, other).filter((path) => path !== "outcomes").length, 1);
});

Deno.test("sums of times differ by their unit, not by the speed of a machine", () => {
  const sum = (ms: number) => metrics(`hearthnet_d_ms_sum{capability="a"} ${ms}`, "hearthnet_d_ms_count 1");
  assertEquals(compared([reading(), sum(4000), sum(400)]), []);
  assertEquals(compared([reading(), sum(4000), sum(4)]), ["metrics.hearthnet_d_ms_sum"]);
  assertEquals(compared([reading(), sum(40), sum(0.04)]), []);
});

Deno.test("a text of counters is read as such and other texts are not", () => {
  assertEquals(readMetrics("application/json", utf8("hearthnet_a 1")), undefined);
  assertEquals(readMetrics("text/plain", utf8("hello")), undefined);
  assertEquals(readMetrics("text/plain; version=0.0.4", utf8('# x\nhearthnet_a{b="c"} 2\nother 3'))?.value, {
    metrics: { 'hearthnet_a{b="c"}': 2 },
  });
});
