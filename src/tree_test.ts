/** Rules that hold for the tree as a whole: direction of imports, file length, and who may touch the outside. */

import { assertEquals } from "@std/assert";

const ROOT = new URL("..", import.meta.url).pathname;
const MAX_LINES = 500;

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

async function* walk(directory: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(`${ROOT}${directory}`)) {
    const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
    if (entry.isDirectory) {
      if (!entry.name.startsWith(".") && entry.name !== "node_modules" && entry.name !== "dist") yield* walk(path);
    } else if (entry.name.endsWith(".ts")) yield path;
  }
}

async function sources(): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const top of ["src", "suites", "soak", "diff", "vectors"]) {
    try {
      for await (const path of walk(top)) files.push({ path, text: await Deno.readTextFile(ROOT + path) });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  files.push({ path: "main.ts", text: await Deno.readTextFile(`${ROOT}main.ts`) });
  return files;
}

/** Which top parts of src a part may import; parts above the tester's core may use everything in src. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  wire: ["protocol"],
  node: ["protocol"],
  check: ["protocol"],
  stats: ["protocol"],
  target: ["protocol", "wire", "node", "report"],
  report: ["protocol"],
  runner: ["protocol", "wire", "node", "check", "target", "report"],
  cli: ["protocol", "wire", "node", "check", "target", "report", "runner", "stats"],
};

/** `target` names the shape of an implementation from the result types, and nothing else of the report. */
const NARROW: Readonly<Record<string, RegExp>> = { "target>report": /report\/results\.ts$/ };

const TOPS = ["suites", "soak", "diff", "vectors"];

function partOf(path: string): { readonly top: string; readonly part: string } {
  const [top = "", part = ""] = path.split("/");
  return { top, part: top === "src" ? part.replace(/\.ts$/, "") : "" };
}

function importsOf({ path, text }: SourceFile): string[] {
  const folder = path.split("/").slice(0, -1).join("/");
  const pattern = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => new URL(match[1] ?? "", `file:///${folder}/`).pathname.slice(1));
}

function violation(from: string, to: string): string | undefined {
  const a = partOf(from);
  const b = partOf(to);
  const what = `${from} imports ${to}`;
  if (from === "main.ts" || from.endsWith("_test.ts") || from.includes("testing")) return undefined;
  if (a.top === b.top && a.top !== "src") return undefined;
  if (a.top === "src" && TOPS.includes(b.top)) return what;
  if (TOPS.includes(a.top) && TOPS.includes(b.top)) return what;
  if (a.top !== "src" || a.part === b.part) return undefined;
  const allowed = MAY_IMPORT[a.part];
  if (allowed === undefined || !allowed.includes(b.part)) return what;
  const narrow = NARROW[`${a.part}>${b.part}`];
  return narrow !== undefined && !narrow.test(to) ? what : undefined;
}

Deno.test("imports point one way", async () => {
  const wrong = (await sources()).flatMap((file) => importsOf(file).flatMap((to) => violation(file.path, to) ?? []));
  assertEquals(wrong, []);
});

Deno.test("the direction check sees a wrong import", () => {
  assertEquals(violation("src/protocol/keys.ts", "src/wire/http.ts"), "src/protocol/keys.ts imports src/wire/http.ts");
  assertEquals(violation("src/node/node.ts", "src/target/target.ts") === undefined, false);
  assertEquals(violation("suites/core/a.ts", "diff/b.ts") === undefined, false);
  assertEquals(violation("src/cli/run_command.ts", "suites/mod.ts") === undefined, false);
  assertEquals(violation("suites/core/a.ts", "src/check/mod.ts"), undefined);
});

Deno.test("no file is longer than 500 lines", async () => {
  const long = (await sources()).filter(({ text }) => text.split("\n").length > MAX_LINES + 1).map(({ path }) => path);
  assertEquals(long, []);
});

Deno.test("console and Deno.exit stay in main.ts", async () => {
  const loud = (await sources()).filter(({ path, text }) =>
    path !== "main.ts" && !/_(test|bench)\.ts$/.test(path) && !path.includes("testing") &&
    /(^|[^.\w])console\.|Deno\.exit\(/m.test(text)
  ).map(({ path }) => path);
  assertEquals(loud, []);
});

Deno.test("only one place owns clock and randomness", async () => {
  const direct = (await sources()).filter(({ path, text }) =>
    path !== "src/wire/clock.ts" && !/_(test|bench)\.ts$/.test(path) && !path.includes("testing") &&
    /Math\.random|Date\.now\(|setTimeout\(|setInterval\(|performance\.now\(/.test(text)
  ).map(({ path }) => path);
  assertEquals(direct, []);
});

Deno.test("nothing is left unfinished", async () => {
  const marks = /\b(TODO|FIXME|XXX)\b|Deno\.test\.(only|ignore)|\bignore: true|\bonly: true/;
  const open = (await sources()).filter(({ path, text }) => path !== "src/tree_test.ts" && marks.test(text));
  assertEquals(open.map(({ path }) => path), []);
});
