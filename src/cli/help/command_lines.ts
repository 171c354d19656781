/** Command lines in Markdown pages: what a reader would copy. */

/** A command line of a page. */
export interface CommandLine {
  readonly page: string;
  /** Line of the page, counted from 1. */
  readonly at: number;
  /** From `hearthproof`, `npx` or `task` on, without prompt and comment. */
  readonly text: string;
  /** Stands in a sentence, often with FILE or DIR in it, and not in a block of its own. */
  readonly inline: boolean;
}

/** How a command line of the program begins: installed, from a clone, or in a sentence about the clone. */
const BEGINS = /^(hearthproof|npx -y deno@\S+ task|task) \S/;
/** A comment of the shell behind a command. */
const COMMENT = /\s+# .*$/;
const INLINE = /`([^`]+)`/g;
const INDENTED = /^ {4}\S/;

/** All command lines of a page, in order: fenced and indented blocks, then what stands between backticks. */
export function commandLines(page: string, markdown: string): CommandLine[] {
  const found: CommandLine[] = [];
  let fenced = false;
  markdown.split("\n").forEach((line, index) => {
    const at = index + 1;
    if (line.startsWith("```")) {
      fenced = !fenced;
      return;
    }
    if (fenced || INDENTED.test(line)) {
      const text = line.trim().replace(/^\$ /, "").replace(COMMENT, "");
      if (BEGINS.test(text)) found.push({ page, at, text, inline: false });
      return;
    }
    for (const [, code = ""] of line.matchAll(INLINE)) {
      if (BEGINS.test(code)) found.push({ page, at, text: code, inline: true });
    }
  });
  return found;
}

/**
 * Words of a command line as a shell would split it; undefined if it needs more of a shell than quotes.
 */
export function shellWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/[|&;<>$`\\]/.test(character)) return undefined;
    else word = (word ?? "") + character;
  }
  if (quote !== "") return undefined;
  return word === undefined ? words : [...words, word];
}

/** Tasks of deno.json that are the program itself, with the words they put before the arguments. */
const TASKS: Readonly<Record<string, readonly string[]>> = {
  run: [],
  start: ["run"],
  soak: ["soak"],
  diff: ["diff"],
  node: ["node"],
  selftest: ["selftest"],
};

/** Arguments for the program, or the name of a task that is something else. */
export function programArguments(words: readonly string[]): string[] | { readonly task: string } {
  const [first, ...rest] = words;
  if (first === "hearthproof") return rest;
  const [task = "", ...more] = words.slice(words.indexOf("task") + 1);
  const before = TASKS[task];
  return before === undefined ? { task } : [...before, ...more];
}
