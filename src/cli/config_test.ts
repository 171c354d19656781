import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Ajv } from "ajv";
import { COMMANDS, RUN } from "./commands.ts";
import { withCommonOptions } from "./common_options.ts";
import { configWords, withConfig } from "./config.ts";
import { configSchema } from "./config_schema.ts";
import { parseCommandLine, UsageError } from "./parse.ts";
import { hearthproof } from "./testing_program.ts";

const ALL = withCommonOptions(COMMANDS);
const RUN_HERE = ALL.find(({ name }) => name === "run") ?? RUN;

async function configured(text: string, ...argv: string[]): Promise<readonly string[]> {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, text);
    return await withConfig([...argv, "--config", path], ALL);
  } finally {
    await Deno.remove(path);
  }
}

const refused = (text: string) => assertThrows(() => configWords(text, "h.yaml", RUN_HERE, ALL), UsageError).message;

Deno.test("options of the file stand under the command, and the command line wins", async () => {
  const text =
    "run:\n  parallel: 4\n  slow: true\n  seed: 0xC0FFEE\n  suite-filter: [core/a, core/b]\nnode:\n  port: 1\n";
  const { options } = parseCommandLine(await configured(text, "run", "--parallel", "2"), ALL);
  assertEquals(options.number("parallel"), 2);
  assertEquals(options.flag("slow"), true);
  assertEquals(options.number("seed"), 0xC0FFEE);
  assertEquals(options.list("suite-filter"), ["core/a", "core/b"]);
  assertEquals(options.given("config"), false);
});

Deno.test("a flag of the file is taken back with --no-FLAG", async () => {
  const { options } = parseCommandLine(await configured("run: {slow: true, strict: true}", "run", "--no-slow"), ALL);
  assertEquals([options.flag("slow"), options.flag("strict")], [false, true]);
});

Deno.test("times and numbers of YAML reach the option as they were meant", async () => {
  const text = "run:\n  time-origin: 2026-11-21T03:00:00Z\n  seed: 7\n";
  const { options } = parseCommandLine(await configured(text, "run"), ALL);
  assertEquals(options.number("time-origin"), Date.parse("2026-11-21T03:00:00Z"));
  assertEquals(options.number("seed"), 7);
});

Deno.test("an unknown key costs one line that names file, line and the nearest name", () => {
  assertEquals(
    refused("node:\n  port: 7\nrun:\n  seed: 1\n  paralel: 4\n"),
    '--config h.yaml line 5: run has no option "paralel", did you mean parallel?',
  );
  assertEquals(refused("rnu:\n  seed: 1\n"), '--config h.yaml line 1: unknown command "rnu", did you mean run?');
  assertStringIncludes(refused("run: {config: other.yaml}"), 'run has no option "config"');
});

Deno.test("a wrong value is named with its line, also under another command", () => {
  assertStringIncludes(refused("run:\n  parallel: many\n"), "h.yaml line 2: run: --parallel must be");
  assertStringIncludes(refused("run: {seed: 1}\nnode:\n  port: 99999\n"), "h.yaml line 3: node: --port must be");
  assertStringIncludes(refused("run:\n  slow: 3\n"), "line 2: slow must be true or false");
  assertStringIncludes(refused("run:\n  seed: [1, 2]\n"), "line 2: seed must be a text or a number");
  assertStringIncludes(refused("- run\n"), "it must map commands to their options");
  assertStringIncludes(refused("run: [\n"), "it is no YAML");
  assertStringIncludes(refused("run: 4\n"), "run must map options to values");
});

Deno.test("the program reads the file, and a bad one ends with exit code 2", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/good.yaml`, "identity:\n  seed: 99\n  json: true\n");
    await Deno.writeTextFile(`${folder}/bad.yaml`, "identity:\n  sed: 99\n");
    const good = await hearthproof(["identity", "--config", `${folder}/good.yaml`]);
    assertEquals(JSON.parse(good.out).seed, 99, good.err);
    const bad = await hearthproof(["identity", `--config=${folder}/bad.yaml`]);
    assertEquals([bad.code, bad.out], [2, ""]);
    assertStringIncludes(bad.err, 'bad.yaml line 2: identity has no option "sed", did you mean seed?');
    const missing = await hearthproof(["identity", "--config", `${folder}/none.yaml`]);
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.err, "no such file");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the schema accepts what the program accepts and refuses unknown names", () => {
  const validate = new Ajv({ strict: false, allowUnionTypes: true }).compile(configSchema(ALL));
  assertEquals(
    validate({ run: { parallel: 4, slow: true, "suite-filter": ["a"], seed: "0xC0FFEE" }, node: null }),
    true,
  );
  assertEquals(validate({ run: { paralel: 4 } }), false);
  assertEquals(validate({ run: { parallel: 1000 } }), false);
  assertEquals(validate({ run: { config: "x" } }), false);
  assertEquals(validate({ walk: {} }), false);
});

Deno.test("the schema knows every option of every command", () => {
  const { properties } = configSchema(ALL) as { properties: Record<string, { properties: Record<string, unknown> }> };
  for (const { name, options } of ALL) {
    const taken = options.map((option) => option.name).filter((option) => option !== "config");
    assertEquals(Object.keys(properties[name]?.properties ?? {}).sort(), taken.sort());
  }
});
