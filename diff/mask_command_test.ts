import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine, UsageError } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { isObject, parseJson } from "../src/protocol/mod.ts";
import { systemClock } from "../src/wire/mod.ts";
import { maskText, STANDING_MASK } from "./mask.ts";
import { DIFF, diffCommand } from "./mod.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-mask-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function compare(folder: string, ...more: string[]) {
  const printer = bufferPrinter();
  const argv = ["diff", "--output-dir", folder, "--steps", "5", "--seed", "3", "--shrink-budget", "0s"];
  const { options } = parseCommandLine([...argv, "--right", "embedded:manifest-ttl-300", ...more], [DIFF]);
  const signal = new AbortController().signal;
  const code = await diffCommand(options, { printer, clock: systemClock(), signal, program: PROGRAM });
  const report = parseJson(await Deno.readFile(join(folder, "diff-report.json")));
  assert(isObject(report) && isObject(report.calibration) && Array.isArray(report.notes));
  return { code, calibration: report.calibration, notes: report.notes.map(String), text: printer.outLines.join("\n") };
}

Deno.test("a mask that was edited hides what it names, is never overwritten, and idle entries are reported", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "mask.yaml");
    const edited = [
      ...STANDING_MASK,
      { address: "GET /manifest", path: "expires_at", why: "known" },
      { address: "nothing.there", path: "output.x", why: "idle" },
    ];
    const text = `# mine\n${maskText(edited)}`;
    await Deno.writeTextFile(file, text);
    const outcome = await compare(folder, "--mask", file);
    assertEquals(outcome.code, 0, outcome.text);
    assertEquals(await Deno.readTextFile(file), text);
    assert(outcome.notes.includes("mask entry hides nothing: nothing.there output.x"), outcome.text);
    const { masked } = outcome.calibration;
    assert(Array.isArray(masked));
    const entry = masked.find((one) => isObject(one) && one.path === "GET /manifest expires_at");
    assert(isObject(entry) && entry.why === "known" && Number(entry.hidden) > 0);
  });
});

Deno.test("a mask without the places every comparison starts with says that they are compared", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "short.yaml");
    await Deno.writeTextFile(file, "entries: [{address: GET /manifest, path: expires_at, why: known}]\n");
    const { notes } = await compare(folder, "--mask", file);
    assertStringIncludes(notes.join("\n"), "so they are compared: *.ms, ");
  });
});

Deno.test("a mask that would hide a status, an error code or missing frames is refused", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "bad.yaml");
    for (const path of ["status", "*.error", "frames"]) {
      await Deno.writeTextFile(file, `entries: [{address: x, path: '${path}', why: no}]\n`);
      await assertRejects(() => compare(folder, "--mask", file), UsageError, `would hide ${path}, which no mask may`);
    }
  });
});
