import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { selfCommand } from "../src/cli/self_command.ts";
import { isObject, parseJson } from "../src/protocol/mod.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
/** One shows in a span of time, the other in a header: neither value is the same on two nodes. */
const FAULTY = "embedded:manifest-ttl-300,answer-from-caller";

async function program(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const self = selfCommand(MAIN, args);
  const { code, stdout, stderr } = await new Deno.Command(self.program, { args: [...self.args] }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("vectors of differences fail on the faulty side and pass on the sound one, as a run and as a replay", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-vectors-" });
  try {
    const common = ["--steps", "20", "--seed", "7", "--calibrate", "0"];
    const found = await program("diff", "--right", FAULTY, ...common, "--output-dir", folder);
    assertEquals(found.code, 1, found.text);
    const report = parseJson(await Deno.readFile(join(folder, "diff-report.json")));
    assert(isObject(report) && Array.isArray(report.differences));
    const wanted = ["* headers.x-hearthnet-from", "GET /manifest expires_at"];
    const files = report.differences.flatMap((one) =>
      isObject(one) && wanted.includes(String(one.path)) && isObject(one.minimal) ? [String(one.minimal.file)] : []
    );
    assertEquals(files.length, wanted.length, found.text);
    for (const file of files) {
      const path = join(folder, file);
      const out = ["--output-dir", join(folder, "out")];
      const sound = await program("run", "--vector", path, "--target", "embedded", ...out);
      assertEquals(sound.code, 0, `${file} on the sound node\n${sound.text}`);
      const faulty = await program("run", "--vector", path, "--target", FAULTY, ...out);
      assertEquals(faulty.code, 1, `${file} on the faulty node\n${faulty.text}`);
      const again = ["diff", "--replay", path, "--calibrate", "0", "--shrink-budget", "0s", ...out];
      assertEquals((await program(...again, "--right", FAULTY)).code, 1);
      assertEquals((await program(...again, "--right", "embedded")).code, 0);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
