import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseCommandLine, UsageError } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { systemClock } from "../src/wire/clock.ts";
import { SOAK, soakCommand } from "./mod.ts";
import { readWeights } from "./soak_plan.ts";
import type { SoakReport } from "./soak_report.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;

async function soak(argv: readonly string[], onProgress: (interrupt: () => void) => void = () => {}) {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-soak-" });
  const interrupted = new AbortController();
  const printer = bufferPrinter();
  const watched = {
    ...printer,
    progress: (text: string) => {
      if (text !== "") onProgress(() => interrupted.abort(new Error("interrupted")));
    },
  };
  const { options, positionals } = parseCommandLine(["soak", "--output-dir", folder, ...argv], [SOAK]);
  const context = { printer: watched, clock: systemClock(), signal: interrupted.signal, programUrl: PROGRAM };
  try {
    const code = await soakCommand(options, positionals, context);
    const report = JSON.parse(await Deno.readTextFile(`${folder}/soak-report.json`)) as SoakReport;
    return { code, report, out: printer.outLines.join("\n") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a short run against the sound node violates nothing, survives a kill, and is too short to be stable", async () => {
  const { code, report, out } = await soak(["--duration", "4s", "--rate", "40/s", "--kill-at", "2s"]);
  const { events } = report;
  assertEquals(report.monitors.filter(({ outcome }) => outcome === "violated"), []);
  assertEquals([events.lost, events.duplicated, events.reordered, events.changed], [0, 0, 0, 0]);
  assert(events.acknowledged > 20 && events.observed >= events.acknowledged);
  assertEquals(report.gaps.length, 1);
  assertEquals(code, 3);
  assertStringIncludes(out, "Judged is the built-in reference node, not yours.");
});

Deno.test("the first interrupt ends a run with its report", async () => {
  const { report } = await soak(["--duration", "1h"], (interrupt) => interrupt());
  assert(report.duration_s < 60);
  assertEquals(report.schema, "hearthproof.soak/1");
});

Deno.test("workloads name known calls with weights", () => {
  assertEquals(readWeights(["market.post=3", "market.list"]), { "market.post": 3, "market.list": 1 });
  assertEquals(readWeights([]), undefined);
  assertThrows(() => readWeights(["market.sell=1"]), UsageError, "known are");
  assertThrows(() => readWeights(["market.post=-1"]), UsageError, "needs a weight");
});
