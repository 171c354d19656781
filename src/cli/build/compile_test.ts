import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../wire/clock.ts";
import { bundleProgram } from "./bundle.ts";
import { compileBundle, embeddedNames } from "./compile.ts";
import { BuildError } from "./errors.ts";
import { platformNamed } from "./platforms.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** Any program stands for denort: the compiled file cannot start, but it holds what a real one would. */
const ANY_ELF = "/bin/true";

Deno.test("deno compile embeds everything the program loads", async () => {
  const bundle = await bundleProgram(ROOT, "0123456789ab");
  const folder = await Deno.makeTempDir();
  try {
    const platform = platformNamed("linux-x64");
    assert(platform !== undefined);
    const output = `${folder}/compiled`;
    const { embedded } = await compileBundle(bundle, platform, output, { clock: systemClock(), denort: ANY_ELF });
    assertEquals([...embedded].sort(), [...bundle.keys()].sort());
    const total = [...bundle.values()].reduce((sum, bytes) => sum + bytes.length, 0);
    assert((await Deno.stat(output)).size > total);
    const held = new TextDecoder("latin1").decode(await Deno.readFile(output));
    const main = new TextDecoder("latin1").decode(bundle.get("main.js"));
    assert(held.includes(main));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what deno compile complains about is told", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const platform = platformNamed("linux-x64");
    assert(platform !== undefined);
    const bundle = new Map([["main.js", new TextEncoder().encode("export {};")]]);
    const options = { clock: systemClock(), denort: `${folder}/missing` };
    const error = await assertRejects(() => compileBundle(bundle, platform, `${folder}/x`, options), BuildError);
    assert(error.message.length > 10, error.message);
    assert(!error.message.includes("\n"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("names of embedded files are read from the printed tree", () => {
  assertEquals(embeddedNames("Embedded Files\n\nx\n├── a.js (13KB)\n├─┬ d\n└── main.js (5KB)\n\nFiles: 2\n"), [
    "a.js",
    "main.js",
  ]);
});
