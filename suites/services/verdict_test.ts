import { assert, assertEquals } from "@std/assert";
import type { FaultName } from "../../src/node/faults/mod.ts";
import { overallOf, REQUIRED_CORE } from "../../src/report/overall.ts";
import type { RunResult } from "../../src/report/results.ts";
import { RunnerBench } from "../../src/runner/bench.ts";
import { run } from "../../src/runner/run.ts";
import { liveNetworks, runOptions } from "../../src/runner/run_options.ts";
import { filterCases, plan, type PlannedCase } from "../../src/runner/select.ts";
import { EmbeddedTarget } from "../../src/target/embedded.ts";
import { nullSink, systemClock, type TranscriptRecord } from "../../src/wire/mod.ts";
import { requirement } from "../catalogue/mod.ts";
import { SUITES } from "../mod.ts";
import { SUITE_VERSION } from "../version.ts";

const CLOCK = systemClock();
const T0 = Math.floor(CLOCK.wall() / 1000) * 1000;
const SEED = 11;
const ALL = plan(SUITES, requirement);
const PARALLEL = 8;

interface Choice {
  readonly selected: readonly PlannedCase[];
  readonly faults?: readonly FaultName[];
  readonly record?: (record: TranscriptRecord) => void;
}

async function runCases({ selected, faults = [], record = nullSink.record }: Choice): Promise<RunResult> {
  const basis = { requirementOf: requirement, clock: CLOCK, seed: SEED, timeOrigin: T0, suiteVersion: SUITE_VERSION };
  const { result } = await run(runOptions(basis, {
    target: new EmbeddedTarget({ seed: SEED, timeOrigin: T0, faults }),
    all: ALL,
    selected,
    networkOf: liveNetworks(basis, { record }),
    parallel: PARALLEL,
    reporter: new RunnerBench(basis),
  }));
  return result;
}

/** One quick case of each core section, so that the services decide the verdict. */
const OF_EACH_CORE = REQUIRED_CORE.flatMap((section) =>
  ALL.filter((planned) => planned.section === section && !planned.slow && planned.definition.timed !== true).slice(0, 1)
);

Deno.test("services pass on the reference node, and the verdict with them", async () => {
  const services = ALL.filter(({ section }) => /^services\/(market|chat|embedding)$/.test(section));
  const result = await runCases({ selected: [...OF_EACH_CORE, ...services] });
  assertEquals(result.cases.filter(({ outcome }) => outcome !== "pass").map(({ id, reason }) => [id, reason]), []);
  assertEquals(overallOf(result), { overall: "pass", reasons: [] });
});

const FAULTS: readonly (readonly [FaultName, string, string])[] = [
  ["post-lives-one-day", "MKT-008", "services/market"],
  ["updates-by-anyone", "MKT-039", "services/market"],
  ["history-of-everyone", "CHT-030", "services/chat"],
  ["forward-to-anyone", "CHT-043", "services/chat"],
  ["embed-cuts-long-lists", "EMB-010", "services/embedding"],
];

for (const [fault, requirementId, section] of FAULTS) {
  Deno.test(`a node with ${fault} is partial, and ${requirementId} says why`, async () => {
    const selected = [...OF_EACH_CORE, ...filterCases(ALL, [requirementId])];
    const result = await runCases({ selected, faults: [fault] });
    const failed = result.cases.filter(({ outcome }) => outcome === "fail");
    assert(failed.length > 0 && failed.every((found) => found.requirement === requirementId));
    const { overall, reasons } = overallOf(result);
    assertEquals(overall, "partial");
    assert(reasons[0]?.startsWith(`${section}: `), reasons.join("; "));
  });
}

Deno.test("a violated property shows its minimal sequence and the seed", async () => {
  const selected = filterCases(ALL, ["services/market/views-follow-a-model"]);
  const { cases: [result] } = await runCases({ selected, faults: ["updates-of-titles-ignored"] });
  const observed = result?.failure?.observed ?? "";
  assert(/minimal sequence \{.*"what":"title".*\}, seed -?\d+$/.test(observed), observed);
});

Deno.test("one seed sends equal bytes to services, generated sequences included", async () => {
  const selected = filterCases(ALL, ["services/market", "services/chat", "services/embedding"]);
  const bytes = async () => {
    const sent = new Map<string, string[]>();
    // What the tester's own peers answer names the port they got; requests are what the seed decides.
    const accepted = new Set<string>();
    await runCases({
      selected,
      record: ({ scope, direction, connection, bytes }) => {
        if (direction === "accept") accepted.add(`${scope} ${connection}`);
        if (direction !== "out" || bytes === undefined || accepted.has(`${scope} ${connection}`)) return;
        // The port of a fresh node is the system's choice; everything else is the seed's.
        const text = new TextDecoder("latin1").decode(bytes).replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT");
        sent.set(scope, [...sent.get(scope) ?? [], text]);
      },
    });
    return [...sent].sort(([a], [b]) => a < b ? -1 : 1).map(([scope, list]) => [scope, list.sort()] as const);
  };
  const first = await bytes();
  const second = new Map(await bytes());
  const different = first.filter(([scope, list]) => JSON.stringify(second.get(scope)) !== JSON.stringify(list));
  assertEquals(different.map(([scope]) => scope), []);
});
