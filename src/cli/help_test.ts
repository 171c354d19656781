import { assertEquals } from "@std/assert";
import { COMMANDS, RUN } from "./commands.ts";
import { commandHelp, overviewHelp } from "./help.ts";
import type { CommandSpec } from "./options.ts";
import { columns } from "../report/text.ts";

const REPORT: CommandSpec = {
  name: "report",
  summary: "show, verify or judge again what a run left behind",
  positionals: [
    { name: "ACTION", required: true, choices: ["show", "verify"], help: "show the verdicts; verify the signatures" },
    { name: "DIR", required: false, help: "folder of the reports" },
  ],
  options: [
    { name: "json", kind: "flag", help: "print one JSON object on stdout and nothing else" },
    { name: "seed", kind: "seed", value: "N", standard: "0xC0FFEE", help: "decides all traffic" },
    { name: "a-very-long-name", kind: "path", value: "VERY-LONG-VALUE", help: "explained below" },
  ],
  more: ["Exit codes are told here."],
};

Deno.test("the help of a command is made from its table", () => {
  assertEquals(commandHelp(REPORT, 70), [
    "Usage: hearthproof report ACTION [DIR] [OPTIONS]",
    "",
    "report: show, verify or judge again what a run left behind.",
    "",
    "  ACTION                      show, verify: show the verdicts; verify",
    "                              the signatures",
    "  DIR                         folder of the reports",
    "",
    "  --json                      print one JSON object on stdout and",
    "                              nothing else",
    "  --seed N                    decides all traffic (default 0xC0FFEE)",
    "  --a-very-long-name VERY-LONG-VALUE",
    "                              explained below",
    "  --help                      print this help",
    "",
    "Exit codes are told here.",
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
