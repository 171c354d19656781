import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS, RUN } from "../commands.ts";
import { columns } from "../../report/text.ts";
import { hearthproof } from "../testing_program.ts";
import { FIRST_CONTACT } from "./first_contact.ts";
import { commandManual, manualLines } from "./manual.ts";
import { TOPICS } from "./topics.ts";

Deno.test("a page is laid out for the terminal: headings, paragraphs, lists, and code as it stands", () => {
  const page =
    "# Title here\n\nOne paragraph\nof two lines.\n\n## Part\n\n- first item that is\n  continued\n- second\n\n    code  stays\n";
  assertEquals(manualLines(page, 18), [
    "TITLE HERE",
    "",
    "One paragraph of",
    "two lines.",
    "",
    "Part",
    "",
    "- first item that",
    "  is continued",
    "- second",
    "",
    "    code  stays",
  ]);
});

Deno.test("manual pages fit a terminal of 80 columns but for command lines", () => {
  for (const [topic, page] of Object.entries(TOPICS)) {
    for (const line of manualLines(page, 80)) {
      if (!line.startsWith("    ")) assert(columns(line) <= 80, `${topic}: ${line}`);
    }
  }
});

Deno.test("the page of a command has the parts of a manual page and every option", () => {
  const lines = commandManual(RUN, 80);
  const parts = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "SEE ALSO"];
  assertEquals(lines.filter((line) => parts.includes(line)), parts);
  for (const { name } of RUN.options) assert(lines.some((line) => line.startsWith(`  --${name}`)), name);
  for (const command of COMMANDS) {
    const text = commandManual(command, 80).join("\n");
    for (const { name } of command.positionals) assertStringIncludes(text, `\n  ${name}`);
  }
});

Deno.test("without arguments the program says in ten lines what it can do and what to try first", async () => {
  assertEquals(FIRST_CONTACT.length, 10);
  for (const line of FIRST_CONTACT) assert(columns(line) <= 80, line);
  const { code, out } = await hearthproof([]);
  assertEquals([code, out.trimEnd().split("\n")], [0, [...FIRST_CONTACT]]);
});

Deno.test("help prints pages, the overview and the schema, and names the nearest topic", async () => {
  assertStringIncludes((await hearthproof(["help", "operators"])).out, "OPERATORS");
  assertStringIncludes((await hearthproof(["help", "soak"])).out, "SEE ALSO");
  assertStringIncludes((await hearthproof(["--help"])).out, "maintainers");
  assertEquals(JSON.parse((await hearthproof(["help", "config-schema"])).out).type, "object");
  const { code, err } = await hearthproof(["help", "opertors"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "did you mean hearthproof help operators?");
});
