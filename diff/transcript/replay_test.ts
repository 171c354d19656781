import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { selfCommand } from "../../src/cli/self_command.ts";
import { isObject, type JsonObject, parseJson } from "../../src/protocol/mod.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;

async function program(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const self = selfCommand(MAIN, args);
  const { code, stdout, stderr } = await new Deno.Command(self.program, { args: [...self.args] }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-replay-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a recorded run equals a sound node, and a fault of the other node is named with its case", async () => {
  await inFolder(async (folder) => {
    const recorded = join(folder, "run");
    const filters = ["manifest-lifetime", "member-passes", "invite-records-event"].map((name) =>
      `core/identity/${name}`
    ).join(",");
    const run = await program("run", "--suite-filter", filters, "--output-dir", recorded, "--parallel", "2");
    assertEquals(run.code, 0, run.text);
    const sound = await program("diff", "--replay", recorded, "--right", "embedded", "--output-dir", join(folder, "a"));
    assertEquals(sound.code, 0, sound.text);
    assert(/EQUAL\s+recording of embedded\s+against\s+embedded/.test(sound.text), sound.text);
    const faulty = await program(
      "diff",
      "--replay",
      join(recorded, "transcript.jsonl.zst"),
      "--right",
      "embedded:manifest-ttl-300",
      "--only",
      "core/identity/manifest-*",
      "--output-dir",
      join(folder, "b"),
    );
    assertEquals(faulty.code, 1, faulty.text);
    assertStringIncludes(faulty.text, "GET /manifest expires_at");
    assertStringIncludes(faulty.text, "core/identity/manifest-lifetime exchange");
    assertStringIncludes(faulty.text, "IDN-016, the contract supports left");
    assert(!faulty.text.includes("member-passes"));
  });
});

Deno.test("what a replay finds is shortened with a stand-in for the recorded node, into vectors that show it again", async () => {
  await inFolder(async (folder) => {
    const recorded = join(folder, "run");
    const run = await program("run", "--suite-filter", "core/identity/member-passes", "--output-dir", recorded);
    assertEquals(run.code, 0, run.text);
    const fault = "embedded:answer-from-caller";
    const out = join(folder, "out");
    const found = await program("diff", "--replay", recorded, "--right", fault, "--output-dir", out);
    assertEquals(found.code, 1, found.text);
    const minimal = minimalOf(await Deno.readFile(join(out, "diff-report.json")), "* headers.x-hearthnet-from");
    assertStringIncludes(String(minimal.confidence), "3 of 3 on fresh nodes, embedded standing in");
    assert(Number(minimal.steps) <= 3, found.text);
    await showsAgain(join(out, String(minimal.file)), fault, folder);
    // No time for more than what is recorded; then on from there.
    const cut = join(folder, "cut");
    await program("diff", "--replay", recorded, "--right", fault, "--output-dir", cut, "--shrink-budget", "1ms");
    const first = minimalOf(await Deno.readFile(join(cut, "diff-report.json")), "* headers.x-hearthnet-from");
    assertEquals(first.complete, false);
    const resumed = await program("diff", "--resume", cut);
    assertEquals(resumed.code, 1, resumed.text);
    const after = minimalOf(await Deno.readFile(join(cut, "diff-report.json")), "* headers.x-hearthnet-from");
    assertEquals([after.complete, after.steps], [true, minimal.steps]);
  });
});

Deno.test("where nothing stands in for the recorded node, the exchanges up to the difference are the sequence", async () => {
  await inFolder(async (folder) => {
    const recorded = join(folder, "run");
    // A build that nobody can start again: what is recorded of it is not what the stand-in answers.
    const filter = ["--suite-filter", "core/identity/manifest-lifetime"];
    await program("run", ...filter, "--target", "embedded:manifest-ttl-300", "--output-dir", recorded);
    const out = join(folder, "out");
    const found = await program("diff", "--replay", recorded, "--left", "embedded", "--output-dir", out);
    assertEquals(found.code, 1, found.text);
    const minimal = minimalOf(await Deno.readFile(join(out, "diff-report.json")), "GET /manifest expires_at");
    assertStringIncludes(String(minimal.confidence), "as recorded: embedded cannot stand in");
    const vector = parseJson(await Deno.readFile(join(out, String(minimal.file))));
    assert(isObject(vector) && Array.isArray(vector.steps));
    assertEquals(vector.steps.length, minimal.steps);
  });
});

function minimalOf(report: Uint8Array, path: string): JsonObject {
  const value = parseJson(report);
  assert(isObject(value) && Array.isArray(value.differences));
  const found = value.differences.find((one) => isObject(one) && one.path === path);
  assert(isObject(found) && isObject(found.minimal), `${path} is not among the shortened`);
  return found.minimal;
}

async function showsAgain(vector: string, fault: string, folder: string): Promise<void> {
  const out = ["--output-dir", join(folder, "again")];
  for (const [target, code] of [["embedded", 0], [fault, 1]] as const) {
    const run = await program("run", "--vector", vector, "--target", target, ...out);
    assertEquals(run.code, code, run.text);
    if (code === 1) assertStringIncludes(run.text, `repeat   hearthproof run --vector ${vector} --target ${target}`);
    const more = ["--calibrate", "0", "--shrink-budget", "0s", ...out];
    const diff = await program("diff", "--replay", vector, "--right", target, ...more);
    assertEquals(diff.code, code, diff.text);
  }
}

Deno.test("a replay says what is wrong with what it was given", async () => {
  await inFolder(async (folder) => {
    const missing = await program("diff", "--replay", join(folder, "nothing"), "--output-dir", join(folder, "a"));
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.text, "no such file");
    const empty = await program("diff", "--replay", folder, "--output-dir", join(folder, "a"));
    assertEquals(empty.code, 2);
    assertStringIncludes(empty.text, "transcript.jsonl.zst");
  });
});
