import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { bufferPrinter } from "../src/cli/printer.ts";
import { parseCommandLine, UsageError } from "../src/cli/parse.ts";
import { isObject, type Json, parseJson } from "../src/protocol/mod.ts";
import { parseVector } from "../src/runner/vector.ts";
import { systemClock } from "../src/wire/mod.ts";
import { DIFF, diffCommand } from "./mod.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;
/** Enough traffic to meet most kinds, little enough for a test. */
const STEPS = "30";

async function run(folder: string, ...args: string[]) {
  const printer = bufferPrinter();
  const argv = ["diff", "--output-dir", folder, "--steps", STEPS, "--seed", "7", ...args];
  const { options } = parseCommandLine(argv, [DIFF]);
  const signal = new AbortController().signal;
  const code = await diffCommand(options, { printer, clock: systemClock(), signal, program: PROGRAM });
  return { code, lines: printer.outLines };
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-diff-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function report(folder: string): Promise<{ [member: string]: Json }> {
  const value = parseJson(await Deno.readFile(join(folder, "diff-report.json")));
  assert(isObject(value));
  return value;
}

Deno.test("a node equals itself, and its nodes leave nothing behind", async () => {
  await inFolder(async (folder) => {
    const { code, lines } = await run(folder);
    assertEquals(code, 0, lines.join("\n"));
    assertEquals((await report(folder)).verdict, "equal");
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(left, ["diff-report.html", "diff-report.json", "junit.xml", "mask.yaml"]);
  });
});

Deno.test("a fault is found, shrunk to one step, and its vector replays", async () => {
  await inFolder(async (folder) => {
    const fault = ["--right", "embedded:answer-from-caller"];
    const { code, lines } = await run(folder, ...fault, "--calibrate", "0", "--shrink-budget", "8s");
    assertEquals(code, 1);
    assertStringIncludes(lines.join("\n"), "TRN-003, the contract supports left");
    const { differences } = await report(folder);
    assert(Array.isArray(differences));
    const found = differences.find((one) => isObject(one) && one.path === "* headers.x-hearthnet-from");
    assert(isObject(found) && isObject(found.minimal));
    assertEquals(found.minimal.steps, 1);
    const file = join(folder, String(found.minimal.file));
    assertEquals(parseVector(await Deno.readFile(file)).requirement, "TRN-003");
    const again = await run(
      join(folder, "again"),
      ...fault,
      "--calibrate",
      "0",
      "--shrink-budget",
      "0s",
      "--replay",
      file,
    );
    assertEquals(again.code, 1);
    const sound = await run(join(folder, "sound"), "--replay", file, "--calibrate", "0");
    assertEquals(sound.code, 0, sound.lines.join("\n"));
  });
});

Deno.test("a recorded sequence is what another run replays", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "sequence.json");
    const first = await run(folder, "--record", file, "--calibrate", "0");
    assertEquals(first.code, 0, first.lines.join("\n"));
    const second = await run(join(folder, "again"), "--replay", file, "--record", `${file}.2`, "--calibrate", "0");
    assertEquals(second.code, 0, second.lines.join("\n"));
    const read = async (path: string) => {
      const value = parseJson(await Deno.readFile(path));
      assert(isObject(value));
      return { ...value, time_origin: 0 };
    };
    assertEquals(await read(`${file}.2`), await read(file));
    assertEquals((await report(join(folder, "again"))).planned_steps, (await report(folder)).planned_steps);
  });
});

Deno.test("shrinking goes on where its budget ended", async () => {
  await inFolder(async (folder) => {
    const fault = ["--right", "embedded:answer-from-caller"];
    const first = await run(folder, ...fault, "--calibrate", "0", "--shrink-budget", "1ms");
    assertEquals(first.code, 1);
    assertStringIncludes(first.lines.join(" "), `hearthproof diff --resume ${folder} goes on`);
    const resume = async () => {
      const printer = bufferPrinter();
      const { options } = parseCommandLine(["diff", "--resume", folder, "--shrink-budget", "60s"], [DIFF]);
      const signal = new AbortController().signal;
      const code = await diffCommand(options, { printer, clock: systemClock(), signal, program: PROGRAM });
      assertEquals(code, 1);
      const { differences, planned_steps: planned } = await report(folder);
      assert(Array.isArray(differences));
      const found = differences.find((one) => isObject(one) && one.path === "* headers.x-hearthnet-from");
      assert(isObject(found) && isObject(found.minimal));
      assertEquals([found.minimal.steps, found.minimal.complete], [1, true]);
      return { planned, attempts: Number(found.minimal.attempts) };
    };
    const done = await resume();
    const again = await resume();
    assertEquals(again.planned, done.planned);
    // What was finished is only looked at once more.
    assertEquals(again.attempts, done.attempts + 1);
  });
});

Deno.test("a folder without a state cannot be resumed", async () => {
  await inFolder(async (folder) => {
    const { options } = parseCommandLine(["diff", "--resume", folder], [DIFF]);
    const context = { printer: bufferPrinter(), clock: systemClock(), signal: new AbortController().signal };
    await assertRejects(
      () => diffCommand(options, { ...context, program: PROGRAM }),
      UsageError,
      "holds no shrinking to go on with",
    );
  });
});
