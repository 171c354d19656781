import { assertEquals } from "@std/assert";
import { COMMANDS, REPORT, RUN } from "./commands.ts";
import { commandHelp, overviewHelp } from "./help.ts";
import { columns } from "../report/text.ts";

Deno.test("the help of a command is made from its table", () => {
  assertEquals(commandHelp(REPORT, 80), [
    "Usage: hearthproof report ACTION [DIR] [OPTIONS]",
    "",
    "report: show, verify or judge again what a run left behind.",
    "",
    "  ACTION  show, verify, recheck: show the verdicts; verify the signatures; judge",
    "          the transcript again",
    "  DIR     folder of the reports, else ./conformance-report",
    "",
    "  --json  print one JSON object on stdout and nothing else",
    "  --help  print this help",
  ]);
});

Deno.test("every option of run is explained and no line is too wide", () => {
  const lines = commandHelp(RUN, 80);
  for (const { name } of RUN.options) assertEquals(lines.some((line) => line.startsWith(`  --${name}`)), true, name);
  for (const line of lines) assertEquals(columns(line) <= 80, true, line);
});

Deno.test("the overview lists every command and the topics", () => {
  const lines = overviewHelp(COMMANDS, ["baseline", "targets"], 80);
  for (const { name } of COMMANDS) assertEquals(lines.some((line) => line.startsWith(`  ${name} `)), true, name);
  assertEquals(lines.at(-1), "hearthproof help TOPIC explains: baseline, targets.");
});
