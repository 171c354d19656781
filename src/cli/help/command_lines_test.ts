/**
 * Every command line of README and manual is run. What a reader would have at hand is put in first:
 *
 * - an address of a node becomes the address of a reference node that runs meanwhile, and `root.key` its root key;
 * - `mynode` is a program on the PATH that serves a reference node;
 * - files that a page shows or that stand for the reader's own are there (see FILES);
 * - what takes long is made short: durations become 2 s, a run or selftest without a filter gets one case, a selftest
 *   one case of each section, `--steps` at most 12, `node` is ended once it says that it is ready;
 * - all lines run in one folder, so that a later line finds what an earlier one wrote; what was run already is not run
 *   again.
 *
 * A line must end with a verdict (exit code 0, 1 or 3); 2 means that the line is wrong. Lines in a sentence are only
 * parsed, for they hold FILE and DIR. Tasks that are not the program itself must be tasks of deno.json.
 */

import { assert, assertEquals } from "@std/assert";
import { DIFF } from "../../../diff/options.ts";
import { SOAK } from "../../../soak/mod.ts";
import { COMMANDS } from "../commands.ts";
import { withCommonOptions } from "../common_options.ts";
import { COMPLETIONS } from "../completions.ts";
import { withConfig } from "../config.ts";
import { parseCommandLine } from "../parse.ts";
import { selfCommand } from "../self_command.ts";
import { hearthproof, MAIN_URL, type RunningNode, startNode } from "../testing_program.ts";
import { type CommandLine, commandLines, programArguments, shellWords } from "./command_lines.ts";
import { COMMAND_PAGES } from "./command_pages.ts";
import { FIRST_CONTACT } from "./first_contact.ts";
import { TOPICS } from "./topics.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const ALL = withCommonOptions([...COMMANDS, SOAK, DIFF, COMPLETIONS]);
const ONE_CASE = "core/identity/manifest-lifetime";
const SHORT = "2s";
const MOST_STEPS = 12;
/** Exit codes of a line that is right. */
const VERDICTS = [0, 1, 3];
const MAX_QUOTED = 1000;
/** Options that wait for a time. */
const DURATIONS = ["duration", "shrink-budget"];

/** Files of the reader that pages speak of. */
const FILES: Readonly<Record<string, string>> = {
  "hearthproof.yaml": `run:\n  suite-filter: ${ONE_CASE}\nsoak:\n  duration: ${SHORT}\n`,
  "known-failures.yaml": `- case: ${ONE_CASE}\n  reason: fixed in 2.4, see issue 117\n`,
};

const PAGES: Readonly<Record<string, string>> = {
  ...TOPICS,
  "first contact": FIRST_CONTACT.map((line) => line.replace(/^ {2}(hearthproof \S+(?: --.*)?).*$/, "    $1")).join(
    "\n",
  ),
  ...Object.fromEntries(
    Object.entries(COMMAND_PAGES).map(([name, { examples }]) => [
      `help ${name}`,
      examples.map(({ line }) => `    ${line}`).join("\n"),
    ]),
  ),
};

/** A folder in which the lines are run. */
class Desk {
  /** What was run already. */
  readonly done = new Set<string>();

  private constructor(readonly folder: string, readonly node: RunningNode) {}

  static async make(): Promise<Desk> {
    const folder = await Deno.makeTempDir({ prefix: "hearthproof-lines-" });
    const node = await startNode(`${folder}/node`);
    for (const [name, text] of Object.entries(FILES)) await Deno.writeTextFile(`${folder}/${name}`, text);
    await Deno.copyFile(node.rootKey, `${folder}/root.key`);
    await Deno.mkdir(`${folder}/bin`);
    const self = selfCommand(MAIN_URL, ["node"]);
    const command = [self.program, ...self.args].map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(`${folder}/bin/mynode`, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
    // The pages judge what an earlier run left behind.
    const { code, err } = await hearthproof(["run", "--suite-filter", ONE_CASE], folder);
    assertEquals(code, 0, err);
    return new Desk(folder, node);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The arguments as they are run, by the rules above. */
function prepared(args: readonly string[], { folder, node }: Desk): string[] {
  const [command = "", ...rest] = args;
  const words = rest.map((word) =>
    word.replace(/^https?:\/\/[^/]+:\d+$/, node.url).replace(/^exec:mynode /, `exec:${folder}/bin/mynode `)
  );
  for (const name of DURATIONS) {
    const at = words.indexOf(`--${name}`);
    if (at >= 0) words[at + 1] = SHORT;
  }
  const steps = words.indexOf("--steps");
  if (steps >= 0) words[steps + 1] = String(Math.min(MOST_STEPS, Number(words[steps + 1])));
  const filtered = words.includes("--suite-filter") || words.includes("--vector") || words.includes("--config");
  if (["run", "selftest"].includes(command) && !filtered) words.push("--suite-filter", ONE_CASE);
  if (command === "selftest") words.push("--sample", "1");
  const drives = command === "soak" && !/^(judge|report|merge)$/.test(words[0] ?? "");
  if (drives && !words.includes("--duration")) words.push("--duration", SHORT);
  return [command, ...words];
}

/** What is wrong with a line; undefined if it can be run. */
async function runs(line: CommandLine, desk: Desk): Promise<string | undefined> {
  const words = shellWords(line.text);
  if (words === undefined) return "it needs more of a shell than quotes";
  const args = programArguments(words);
  if ("task" in args) {
    const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
    return args.task in tasks ? undefined : `deno.json has no task ${args.task}`;
  }
  if (line.inline) {
    try {
      parseCommandLine(await withConfig(args, ALL), ALL);
      return undefined;
    } catch (error) {
      return String(error);
    }
  }
  const ready = prepared(args, desk);
  if (desk.done.has(ready.join("\n"))) return undefined;
  desk.done.add(ready.join("\n"));
  if (ready[0] === "node") {
    const own = ["--data", "--port"];
    const others = ready.slice(1).filter((word, at, all) => !own.includes(word) && !own.includes(all[at - 1] ?? ""));
    await using node = await startNode(`${desk.folder}/node-data`, others);
    return node.url.startsWith("http") ? undefined : `it serves at ${node.url}`;
  }
  const { code, err } = await hearthproof(ready, desk.folder);
  return VERDICTS.includes(code)
    ? undefined
    : `ran as: ${ready.join(" ")}\nexit code ${code}\n${err.slice(-MAX_QUOTED)}`;
}

Deno.test("every command line of README and manual can be run", async () => {
  const pages = { ...PAGES, "README.md": await Deno.readTextFile(`${ROOT}README.md`) };
  await using desk = await Desk.make();
  const wrong: string[] = [];
  for (const [page, markdown] of Object.entries(pages)) {
    const lines = commandLines(page, markdown);
    for (const line of lines) {
      const why = await runs(line, desk);
      if (why !== undefined) wrong.push(`${page} line ${line.at}: ${line.text}\n${why}`);
    }
  }
  assertEquals(wrong, [], wrong.join("\n\n"));
  // Every example of a command is one of them.
  assert(desk.done.size > Object.keys(COMMAND_PAGES).length);
});

Deno.test("every command has a page, and every page a command", () => {
  assertEquals(Object.keys(COMMAND_PAGES).sort(), ALL.map(({ name }) => name).sort());
});

Deno.test("command lines are found in blocks and sentences, without comments", () => {
  const markdown =
    "Try `task soak judge FILE.csv` or `other`.\n\n```sh\n$ hearthproof run --slow   # all\nls\n```\n\n    task start\n";
  assertEquals(commandLines("p", markdown).map(({ at, text, inline }) => [at, text, inline]), [
    [1, "task soak judge FILE.csv", true],
    [4, "hearthproof run --slow", false],
    [8, "task start", false],
  ]);
});

Deno.test("words are split as a shell does, and what needs a shell is told", () => {
  assertEquals(shellWords(`run --target 'exec:a {port}' "x y" z`), ["run", "--target", "exec:a {port}", "x y", "z"]);
  assertEquals(shellWords("hearthproof run | head"), undefined);
  assertEquals(shellWords("run 'open"), undefined);
});
