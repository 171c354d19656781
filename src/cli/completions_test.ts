import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "./commands.ts";
import { withCommonOptions } from "./common_options.ts";
import { COMPLETIONS, completionScript, SHELLS } from "./completions.ts";

const ALL = withCommonOptions([...COMMANDS, COMPLETIONS]);
const TOPICS = ["operators", "config-schema"];

async function shell(program: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: ["-c", script], stdin: "null" }).output();
  const err = new TextDecoder().decode(stderr);
  assertEquals([code, err], [0, ""], err);
  return new TextDecoder().decode(stdout);
}

/** What bash offers for the last of the words. */
async function offered(...words: string[]): Promise<string[]> {
  const typed = words.map((word) => `'${word}'`).join(" ");
  const text = await shell(
    "bash",
    `${completionScript("bash", ALL, TOPICS)}
COMP_WORDS=(hearthproof ${typed}); COMP_CWORD=${words.length}; _hearthproof; printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
  return text.split("\n").filter((line) => line !== "");
}

Deno.test("bash completes commands, options, their values and topics", async () => {
  assertEquals(await offered("re"), ["requirements", "report"]);
  assertEquals(await offered("run", "--suite"), ["--suite-filter"]);
  assertEquals(await offered("run", "--dialect", "b"), ["body-routed"]);
  assertEquals(await offered("report", "reche"), ["recheck"]);
  assertEquals(await offered("help", "oper"), ["operators"]);
  assertEquals(await offered("completions", ""), ["--config", "--help", ...SHELLS]);
  assertEquals(await offered("run", "--seed", "1"), []);
});

Deno.test("bash offers files where an option takes a path", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/root.key`, "");
    assertEquals(await offered("run", "--root-key", `${folder}/ro`), [`${folder}/root.key`]);
    assertEquals(await offered("report", "show", `${folder}/ro`), [`${folder}/root.key`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bash knows every option of every command", async () => {
  for (const { name, options } of ALL) {
    const words = await offered(name, "--");
    for (const option of options) assert(words.includes(`--${option.name}`), `${name} --${option.name}`);
  }
});

Deno.test("every script names every command and is free of what its shell would trip over", () => {
  for (const shellName of SHELLS) {
    const script = completionScript(shellName, ALL, TOPICS);
    for (const { name } of ALL) assert(script.includes(name), `${shellName} ${name}`);
    // An odd number of quotes on a line leaves the rest of the script inside a text.
    for (const line of script.split("\n")) {
      const quotes = line.replaceAll("'\\''", "").replaceAll("\\'", "").split("'").length - 1;
      assertEquals(quotes % 2, 0, `${shellName}: ${line}`);
    }
  }
});
