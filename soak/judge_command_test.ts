import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseCommandLine, UsageError } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { Random } from "../src/protocol/mod.ts";
import { gaussian } from "../src/stats/synthetic.ts";
import { SOAK } from "./commands.ts";
import { judgeCommand } from "./judge_command.ts";

/** One hour of values around 100 with noise of 0.5, growing by `slope` an hour. */
function csv(slope: number, sigma = 0.5, count = 720): string {
  const random = new Random(7, "csv2");
  const lines = Array.from({ length: count }, (_, i) => `${5 * i},${100 + slope * i / 720 + sigma * gaussian(random)}`);
  return `t_s,rss\n${lines.join("\n")}\n`;
}

async function judged(text: string, ...argv: string[]) {
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(file, text);
    const printer = bufferPrinter();
    const { options, positionals } = parseCommandLine(["soak", "judge", file, ...argv], [SOAK]);
    const code = await judgeCommand(positionals[1] ?? "", options, printer);
    return { code, lines: printer.outLines, errors: printer.errLines };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("stable, drifting and inconclusive have their exit codes", async () => {
  assertEquals((await judged(csv(0))).code, 0);
  assertEquals((await judged(csv(3))).code, 1);
  assertEquals((await judged(csv(0, 0.5, 20))).code, 3);
  assertEquals((await judged(csv(1, 5))).code, 3);
});

Deno.test("the verdict line comes first, with the name from the header", async () => {
  const { lines } = await judged(csv(3), "--unit", "MB");
  assertEquals(lines[0], "drifting: rss");
  assertStringIncludes(lines[2] ?? "", " MB/h, interval ");
  const unclear = await judged(csv(1, 5));
  assertStringIncludes(unclear.lines.at(-1) ?? "", "  longer    about ");
});

Deno.test("with --json one object of series is all that is printed", async () => {
  const { code, lines, errors } = await judged(csv(3), "--json", "--name", "heap", "--unit", "MB");
  assertEquals([code, lines.length, errors.length], [1, 1, 0]);
  const report = JSON.parse(lines[0] ?? "");
  assertEquals([report.name, report.unit, report.verdict], ["heap", "MB", "drifting"]);
  assertEquals(Math.abs(report.slope_per_hour - 3) < 0.3, true);
  assertEquals(report.slope_per_1000_events, null);
  for (
    const field of ["interval", "limit_per_hour", "minimum_detectable_slope_per_hour", "samples", "method", "excluded"]
  ) assertEquals(field in report, true, field);
});

Deno.test("limit, warm-up and windows are taken from the options", async () => {
  assertEquals((await judged(csv(3), "--limit", "10")).code, 0);
  assertEquals((await judged(csv(3), "--limit-percent", "10")).code, 0);
  const { lines } = await judged(csv(0), "--json", "--warm-up", "2m", "--exclude", "600-700,900-950");
  assertEquals(JSON.parse(lines[0] ?? "").excluded, [
    { from: 0, to: 120, why: "warm-up" },
    { from: 600, to: 700, why: "declared" },
    { from: 900, to: 950, why: "declared" },
  ]);
});

Deno.test("wrong files and options are usage errors of one line", async () => {
  await assertRejects(
    () => judged("0,1\n1,x\n"),
    UsageError,
    'line 2: the value must be a number, current value is "x"',
  );
  await assertRejects(() => judged(csv(0), "--exclude", "5"), UsageError, "--exclude must be FROM-TO in seconds");
  const { options } = parseCommandLine(["soak", "judge", "no.csv"], [SOAK]);
  await assertRejects(
    () => judgeCommand("no.csv", options, bufferPrinter()),
    UsageError,
    "no.csv: cannot be read: no such",
  );
});
