import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { isObject, parseJson } from "../src/protocol/mod.ts";
import { systemClock } from "../src/wire/mod.ts";
import { CLASSES } from "./finding.ts";
import { DIFF, diffCommand } from "./mod.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;
const node = (file: string, ...args: string[]) =>
  `exec:${
    [Deno.execPath(), "run -A --no-check", new URL(file, import.meta.url).pathname, "{port} {data}", ...args].join(" ")
  }`;

/** Posts with Lamport values in common, so that some events are concurrent. */
const PROFILE = `schema: hearthproof.profile/1
weights:
  push/reordered: 40
  push/valid: 20
`;

/** Where a difference of each class is planted. */
const PLACES: Readonly<Record<string, RegExp>> = {
  semantic: /^file\.list output\.surplus$/,
  canonical: /^GET \/community\/manifest signature\.$/,
  "illegal-reorder": /^market\.list output\.posts\[\]$/,
  "one-sided": /^embed\.text$/,
  timing: /timing$/,
  "legal-reorder": /^POST \/sync\/v1\/events events\[\]$/,
  "byte-only": /^\* key order$/,
};

Deno.test("a difference of every class is found where it was planted", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-classes-" });
  try {
    await Deno.writeTextFile(join(folder, "profile.yaml"), PROFILE);
    const printer = bufferPrinter();
    const { options } = parseCommandLine([
      ...["diff", "--left", node("testing_mortal.ts", "live"), "--right", node("testing_planted.ts")],
      ...["--steps", "60", "--seed", "5", "--calibrate", "0", "--shrink-budget", "0s"],
      ...["--profile", join(folder, "profile.yaml"), "--output-dir", join(folder, "out")],
    ], [DIFF]);
    const signal = new AbortController().signal;
    const code = await diffCommand(options, { printer, clock: systemClock(), signal, program: PROGRAM });
    const text = printer.outLines.join("\n");
    assertEquals(code, 1, text);
    const report = parseJson(await Deno.readFile(join(folder, "out", "diff-report.json")));
    assert(isObject(report) && Array.isArray(report.differences));
    const differences = report.differences.filter(isObject);
    for (const [kind, place] of Object.entries(PLACES)) {
      const found = differences.find((one) => one.class === kind && place.test(String(one.path)));
      assert(found !== undefined, `${kind}\n${text}`);
    }
    // A crash ends a run, so that it has tests of its own (mortal_test.ts).
    const kinds = new Set(differences.map((one) => String(one.class)));
    assertEquals([...kinds].sort(), CLASSES.filter((kind) => kind !== "crash").sort());
    assertMatch(text, /^legal-reorder \(\d+\)$/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
