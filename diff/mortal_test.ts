import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { bufferPrinter } from "../src/cli/printer.ts";
import { parseCommandLine } from "../src/cli/parse.ts";
import { isObject, type Json, parseJson } from "../src/protocol/mod.ts";
import { systemClock } from "../src/wire/mod.ts";
import { DIFF, diffCommand } from "./mod.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;
const MORTAL = new URL("testing_mortal.ts", import.meta.url).pathname;
const MEDDLER = new URL("testing_meddler.ts", import.meta.url).pathname;
/** Answers before a target goes wrong: beyond what looking at it takes, before the end of the steps. */
const ANSWERS = 50;
const STEPS = 60;

const target = (how: string, after = ANSWERS) =>
  `exec:${Deno.execPath()} run -A --no-check ${MORTAL} {port} {data} ${how} ${after}`;

const meddled = (how: string) => `exec:${Deno.execPath()} run -A --no-check ${MEDDLER} {port} {data} ${how} ${ANSWERS}`;

interface Outcome {
  readonly code: number;
  readonly text: string;
  readonly report: { readonly [member: string]: Json };
  readonly files: readonly string[];
}

async function compare(left: string, right: string, ...more: string[]): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-mortal-" });
  try {
    const printer = bufferPrinter();
    const argv = ["diff", "--output-dir", folder, "--steps", String(STEPS), "--seed", "5"];
    const calibrate = more.includes("--calibrate") ? [] : ["--calibrate", "0"];
    const { options } = parseCommandLine(
      [...argv, ...calibrate, "--shrink-budget", "0s", "--left", left, "--right", right, ...more],
      [DIFF],
    );
    const signal = new AbortController().signal;
    const code = await diffCommand(options, { printer, clock: systemClock(), signal, program: PROGRAM });
    const report = parseJson(await Deno.readFile(join(folder, "diff-report.json")));
    assert(isObject(report));
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    return { code, text: printer.outLines.join("\n"), report, files };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function crash({ report }: Outcome): { readonly [member: string]: Json } {
  const { differences } = report;
  assert(Array.isArray(differences));
  const found = differences.filter((one) => isObject(one) && one.class === "crash");
  assertEquals(found.length, 1, JSON.stringify(differences));
  assert(isObject(found[0]));
  return found[0];
}

for (
  const [how, seen, why] of [
    ["die", /no answer$/, "it cannot be reached any more"],
    ["hang", /^deadline, no answer$/, "it does not answer any more"],
    ["garbage", /^malformed, no answer$/, "its answers cannot be read any more"],
  ] as const
) {
  Deno.test(`a target that starts to ${how} is one crash with evidence, and what came before is reported`, async () => {
    const outcome = await compare(target("live"), target(how));
    assertEquals(outcome.code, 1, outcome.text);
    const { right, first_step: step } = crash(outcome);
    assertMatch(String(right), seen);
    const { report } = outcome;
    assert(isObject(report.stopped));
    assertEquals([report.verdict, report.stopped.who, report.stopped.why], ["different", "right", why]);
    assert(typeof step === "number" && step > 0 && step < STEPS);
    assert(typeof report.steps === "number" && report.steps > step);
    assert(outcome.files.includes("diff-report.html") && outcome.files.includes("junit.xml"));
  });
}

for (
  const [how, seen] of [["half", /^closed/], ["reset", /^reset/], ["endless", /^limit/]] as const
) {
  Deno.test(`a target whose answers are ${how} from some step on is one crash with that step`, async () => {
    const outcome = await compare(target("live"), meddled(how));
    assertEquals(outcome.code, 1, outcome.text);
    const { right, first_step: step } = crash(outcome);
    assertMatch(String(right), seen);
    const { differences, steps } = outcome.report;
    assert(Array.isArray(differences) && differences.length === 1, outcome.text);
    assert(typeof step === "number" && step > 0 && typeof steps === "number" && steps > step);
  });
}

Deno.test("when both sides die nothing is claimed", async () => {
  const outcome = await compare(target("die"), target("die"));
  assertEquals([outcome.code, outcome.report.verdict], [3, "inconclusive"], outcome.text);
});

Deno.test("two processes that the tester starts are compared, and are equal", async () => {
  const outcome = await compare(target("live"), target("live"), "--calibrate", "2");
  assertEquals([outcome.code, outcome.report.verdict], [0, "equal"], outcome.text);
});

Deno.test("against processes whose node differs, the side that keeps the rule is named", async () => {
  const outcome = await compare("embedded:manifest-ttl-300", target("live"));
  assertEquals(outcome.code, 1);
  const { differences } = outcome.report;
  assert(Array.isArray(differences));
  const ttl = differences.find((one) => isObject(one) && one.requirement === "IDN-016");
  assert(isObject(ttl));
  assertEquals(ttl.supports, "right");
});
