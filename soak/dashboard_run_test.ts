import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseCommandLine } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { MAIN_URL } from "../src/cli/testing_program.ts";
import { systemClock } from "../src/wire/clock.ts";
import { SOAK, soakCommand } from "./mod.ts";
import { readMetrics } from "./metrics_text.ts";

Deno.test("a run tells where its dashboard is, shows itself there, and takes it away with its end", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-dashboard-" });
  try {
    const argv = ["soak", "--duration", "3s", "--dashboard", "127.0.0.1:0", "--output-dir", folder];
    const { options, positionals } = parseCommandLine(argv, [SOAK]);
    const buffer = bufferPrinter();
    let url = "";
    let events: Promise<string> | undefined;
    let metrics = "";
    const printer = {
      ...buffer,
      err(line: string) {
        url = /^Dashboard: (.*)$/.exec(line)?.[1] ?? url;
        if (url !== "") events ??= fetch(`${url}events`).then((answer) => answer.text());
      },
      progress(text: string) {
        if (text === "" || metrics !== "") return;
        fetch(`${url}metrics`).then(async (answer) => metrics = await answer.text() || metrics).catch(() => {});
      },
    };
    const signal = new AbortController().signal;
    const code = await soakCommand(options, positionals, {
      ...{ printer, clock: systemClock(), signal, programUrl: MAIN_URL },
    });
    assert(code === 0 || code === 3, buffer.outLines.join("\n"));
    const told = await events ?? "";
    const ended = /^event: end\ndata: (.*)$/m.exec(told)?.[1] ?? "{}";
    const report = JSON.parse(await Deno.readTextFile(`${folder}/soak-report.json`));
    assertEquals(JSON.parse(ended).verdict, report.verdict);
    assertStringIncludes(told, "event: standing\n");
    const planned = readMetrics(metrics).find(({ name }) => name === "hearthproof_soak_planned_seconds")?.value;
    assertEquals(planned, 3);
    assertEquals(await fetch(url).then((late) => late.text(), () => "gone"), "gone");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
