import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { bufferPrinter } from "../../src/cli/printer.ts";
import { selfCommand } from "../../src/cli/self_command.ts";
import { isObject, parseJson, tryParseJson } from "../../src/protocol/mod.ts";
import { systemClock } from "../../src/wire/mod.ts";
import { DIFF, diffCommand } from "../mod.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;
/** Cases that enrol, write and read what is there. */
const CASES = ["core/identity/member-passes", "core/identity/invite-records-event", "core/tokens/issuing-is-logged"];

Deno.test("a recording holds against a node of another community that stays in use", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-used-" });
  const start = (stdin: "null" | "piped", ...args: string[]) => {
    const self = selfCommand(MAIN, args);
    return new Deno.Command(self.program, { args: [...self.args], stdin, stdout: "piped", stderr: "null" });
  };
  try {
    const recorded = join(folder, "run");
    const run = await start("null", "run", "--suite-filter", CASES.join(","), "--output-dir", recorded).output();
    assertEquals(run.code, 0, new TextDecoder().decode(run.stdout));
    const node = start("piped", "node", "--port", "0", "--data", join(folder, "node"), "--seed", "99").spawn();
    const output = node.stdout.getReader();
    try {
      let text = "";
      while (!text.includes("\n")) text += new TextDecoder().decode((await output.read()).value);
      const ready = tryParseJson(text.trim());
      assert(isObject(ready));
      const keys = ["--right-root-key", String(ready.root_key), "--right-sut-key", String(ready.node_key)];
      const { options } = parseCommandLine([
        ...["diff", "--replay", recorded, "--right", String(ready.url), ...keys, "--allow-writes", "--disposable"],
        ...["--output-dir", join(folder, "out")],
      ], [DIFF]);
      const printer = bufferPrinter();
      const signal = new AbortController().signal;
      await diffCommand(options, { printer, clock: systemClock(), signal, program: MAIN });
      const report = parseJson(await Deno.readFile(join(folder, "out", "diff-report.json")));
      assert(isObject(report) && Array.isArray(report.differences) && isObject(report.renaming));
      const places = report.differences.map((one) => isObject(one) ? one.path : one);
      // The name a node gives itself comes from its id.
      assertEquals(places.filter((place) => place !== "GET /manifest display_name"), [], printer.outLines.join("\n"));
      assert(Number(report.steps) > 10 && Number(report.renaming.renamed) > 5);
    } finally {
      await node.stdin.close();
      await output.cancel();
      await node.status;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
