/** The suite's tests of itself, as X09 §8 names them. */

import { assert, assertEquals } from "@std/assert";
import { type JsonObject, Random } from "../src/protocol/mod.ts";
import { buildReport } from "../src/report/build.ts";
import type { RunResult } from "../src/report/results.ts";
import { RunnerBench } from "../src/runner/bench.ts";
import { run } from "../src/runner/run.ts";
import { liveNetworks, runOptions } from "../src/runner/run_options.ts";
import { filterCases, plan } from "../src/runner/select.ts";
import { EmbeddedTarget } from "../src/target/embedded.ts";
import { nullSink, systemClock, type TranscriptRecord } from "../src/wire/mod.ts";
import { requirement } from "./catalogue/mod.ts";
import { ALLOWED_SKIP_REASONS, ALLOWED_SKIPS } from "./allowed_skips.ts";
import { byteVectors } from "../vectors/mod.ts";
import { SUITES, withVectors } from "./mod.ts";
import { SUITE_VERSION } from "./version.ts";

const CLOCK = systemClock();
const T0 = Math.floor(CLOCK.wall() / 1000) * 1000;
const ALL = plan(withVectors(SUITES, byteVectors()), requirement);

interface Choice {
  readonly seed?: number;
  readonly filters?: readonly string[];
  readonly overrides?: ConstructorParameters<typeof EmbeddedTarget>[0]["overrides"];
  readonly record?: (record: TranscriptRecord) => void;
  readonly parallel?: number;
}

async function runSuite(choice: Choice = {}): Promise<RunResult> {
  const { seed = 0xC0FFEE, filters = [], overrides = [], record = nullSink.record, parallel = 8 } = choice;
  const selected = filterCases(ALL, filters);
  const basis = { requirementOf: requirement, clock: CLOCK, seed, timeOrigin: T0, suiteVersion: SUITE_VERSION };
  const { result } = await run(runOptions(basis, {
    target: new EmbeddedTarget({ seed, timeOrigin: T0, faults: [], overrides }),
    all: ALL,
    selected,
    networkOf: liveNetworks(basis, { record }),
    parallel,
    reporter: new RunnerBench(basis),
  }));
  return result;
}

/** A report without what time alone decides. */
function timeless(result: RunResult): string {
  const report = buildReport(result) as unknown as JsonObject;
  return JSON.stringify(report, (key, value) => key === "duration_ms" || key === "ran_at" ? undefined : value);
}

Deno.test("smoke: every core case passes on the reference node, skips only as listed", async () => {
  const result = await runSuite();
  const bad = result.cases.filter(({ outcome }) => outcome !== "pass" && outcome !== "skipped");
  assertEquals(bad.map(({ id, failure, reason }) => ({ id, failure, reason })), []);
  const skipped = result.cases.filter(({ skip, reason = "" }) =>
    skip === "gated" && !ALLOWED_SKIP_REASONS.includes(reason)
  ).map(({ id }) => id);
  assertEquals(skipped.filter((id) => !(id in ALLOWED_SKIPS)), []);
  assertEquals(Object.keys(ALLOWED_SKIPS).filter((id) => !skipped.includes(id)), []);
});

Deno.test("skip logic: capabilities that are not advertised skip their cases and fail none", async () => {
  const without = {
    document: (kind: string, value: JsonObject): JsonObject =>
      kind === "node-manifest" && Array.isArray(value.capabilities)
        ? {
          ...value,
          capabilities: value.capabilities.filter((c) => !String((c as JsonObject).name).startsWith("llm.")),
        }
        : value,
  };
  const result = await runSuite({ overrides: [without], filters: ["core/llm"] });
  assert(result.cases.length > 0);
  assertEquals(result.cases.filter(({ outcome }) => outcome !== "skipped"), []);
  assert(result.cases.every(({ reason }) => reason !== undefined && reason !== ""));
});

Deno.test("seed determinism: one seed gives equal reports and equal request bytes", async () => {
  const bytesOf = async (seed: number) => {
    const sent = new Map<string, string[]>();
    // What the tester's own peers answer names the port they got; requests are what the seed decides.
    const accepted = new Set<string>();
    const result = await runSuite({
      seed,
      filters: ["core/identity", "core/tokens", "core/events"],
      record: ({ scope, direction, connection, bytes }) => {
        if (direction === "accept") accepted.add(`${scope} ${connection}`);
        if (direction !== "out" || bytes === undefined || accepted.has(`${scope} ${connection}`)) return;
        // The port of a fresh node is the system's choice; everything else is the seed's.
        const text = new TextDecoder("latin1").decode(bytes).replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT");
        sent.set(scope, [...sent.get(scope) ?? [], text]);
      },
    });
    const sorted = [...sent].sort(([a], [b]) => a < b ? -1 : 1).map(([scope, list]) => [scope, list.sort()]);
    return { report: timeless(result), sent: sorted };
  };
  const first = await bytesOf(7);
  const second = await bytesOf(7);
  assertEquals(second.report, first.report);
  assertEquals(second.sent, first.sent);
});

Deno.test("order does not matter: a shuffled selection gives the same verdicts", async () => {
  const result = await runSuite({ filters: ["core/bus"] });
  const random = new Random(3, "shuffle");
  const again = await runSuite({ filters: ["core/bus"], parallel: 1 + random.below(8) });
  assertEquals(
    again.cases.map(({ id, outcome }) => [id, outcome]),
    result.cases.map(({ id, outcome }) => [id, outcome]),
  );
});

Deno.test("known partial: experimental skips do not flip the verdict of core", async () => {
  const result = await runSuite({ filters: ["core/identity"] });
  const report = buildReport({
    ...result,
    cases: [
      ...result.cases,
      {
        ...(result.cases[0] as RunResult["cases"][number]),
        id: "experimental/moe/x",
        section: "experimental/moe",
        outcome: "skipped",
      },
    ],
  });
  assert(report.overall_reasons.every((reason) => !reason.includes("experimental")));
});
