import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { selfCommand } from "../../src/cli/self_command.ts";

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
    assertStringIncludes(sound.text, "EQUAL  recording of embedded  against  embedded");
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

Deno.test("a replay says what is wrong with what it was given", async () => {
  await inFolder(async (folder) => {
    const missing = await program("diff", "--replay", join(folder, "nothing"), "--output-dir", join(folder, "a"));
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.text, "no such file");
    const empty = await program("diff", "--replay", folder, "--output-dir", join(folder, "a"));
    assertEquals(empty.code, 2);
    assertStringIncludes(empty.text, "transcript.jsonl.zst");
    const both = await program("diff", "--replay", folder, "--left", "embedded", "--output-dir", join(folder, "a"));
    assertEquals(both.code, 2);
    assertStringIncludes(both.text, "--left must go");
  });
});
