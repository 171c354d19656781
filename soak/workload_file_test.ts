import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../src/cli/parse.ts";
import { isWorkloadFile, NO_WORKLOAD, parseWorkload } from "./workload_file.ts";

const KNOWN = ["market.post", "market.list"];
const HEAD = "schema: hearthproof.workload/1\n";
const parse = (rest: string) => parseWorkload(HEAD + rest, KNOWN, 60_000);

Deno.test("a workload says weights, rate, thresholds and whether limits may be exceeded", () => {
  assertEquals(
    parse('weights: { market.post: 4, market.list: 0.5 }\nrate: 20/s\nthresholds: ["errors.rate < 1%"]\n'),
    {
      weights: { "market.post": 4, "market.list": 0.5 },
      pace: { pace: { kind: "constant", perSecond: 20 }, text: "20/s" },
      thresholds: ["errors.rate < 1%"],
      exceedRateLimits: false,
    },
  );
  assertEquals(parse("concurrency: 32\nexceed_rate_limits: true").concurrency, 32);
  assertEquals(parse(""), NO_WORKLOAD);
});

Deno.test("a rate has every shape, short and long", () => {
  const pace = (rate: string) => parse(`rate: ${rate}`).pace?.pace;
  assertEquals(pace("20"), { kind: "constant", perSecond: 20 });
  assertEquals(pace("poisson:20/s"), { kind: "poisson", perSecond: 20 });
  assertEquals(pace("5..50/s"), { kind: "ramp", from: 5, to: 50, overMs: 60_000 });
  assertEquals(pace("{ shape: constant, rate: 600/m }"), { kind: "constant", perSecond: 10 });
  assertEquals(pace("{ shape: poisson, mean: 3 }"), { kind: "poisson", perSecond: 3 });
  assertEquals(pace("{ shape: ramp, from: 5/s, to: 50/s, over: 10s }"), {
    kind: "ramp",
    from: 5,
    to: 50,
    overMs: 10_000,
  });
});

Deno.test("every mistake is one line that says where it is and what is right", () => {
  const mistakes: readonly (readonly [text: string, says: string])[] = [
    ["weight: { market.post: 1 }", "weight is not known here; there are schema, weights"],
    ["weights: { market.sell: 1 }", "weights: market.sell is not known; there are market.post, market.list"],
    [
      "weights: { market.post: many }",
      'weights: market.post must be a number from 0 to 1000000, current value is "many"',
    ],
    ["weights: { market.post: -1 }", "current value is -1"],
    ["weights: { market.post: 0 }", "weights: all of them are 0"],
    ["weights: [1]", "weights must be a mapping"],
    ["rate: fast", 'rate must be like 20/s, poisson:20/s or 5..50/s, current value is "fast"'],
    ["rate: { shape: wave }", 'rate.shape must be constant, poisson or ramp, current value is "wave"'],
    ["rate: { shape: ramp, mean: 3 }", "rate.mean is not known for ramp; there are from, to, over"],
    ["rate: { shape: ramp, from: 1/s, to: 2/s, over: long }", "rate.over must be a time like 10m"],
    ["rate: { shape: poisson }", "rate.mean must be like 20/s or 600/m, current value is missing"],
    ["concurrency: 0", "concurrency must be a whole number from 1 to 1000, current value is 0"],
    ["rate: 5/s\nconcurrency: 3", "rate and concurrency exclude each other"],
    ["thresholds: latency", "thresholds must be a list"],
    ['thresholds: ["errors.rate < 1%", "latency.p99 < 5MB"]', "thresholds, entry 2: Cannot use the threshold"],
    ["exceed_rate_limits: 1", "exceed_rate_limits must be true or false, current value is 1"],
  ];
  for (const [text, says] of mistakes) {
    const error = assertThrows(() => parse(text), UsageError, says);
    assertEquals(error.message.includes("\n"), false);
  }
  assertThrows(() => parseWorkload("weights: {}", KNOWN, 1), UsageError, "schema must be hearthproof.workload/1");
  assertThrows(() => parseWorkload("a: [", KNOWN, 1), UsageError, "it is no YAML");
  assertThrows(() => parseWorkload("- 1", KNOWN, 1), UsageError, "it must be a mapping");
});

Deno.test("a file is told from a call by its name", () => {
  assertEquals(["night.yaml", "./w.yml", "dir/x", "market.post", "market.post=3"].map(isWorkloadFile), [
    true,
    true,
    true,
    false,
    false,
  ]);
});
