import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine, UsageError } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { isObject, parseJson } from "../src/protocol/mod.ts";
import { systemClock } from "../src/wire/mod.ts";
import { matrixHtml } from "./matrix_html.ts";
import { agreementsOf, type MatrixResult, type PairResult } from "./matrix_result.ts";
import { DIFF, diffCommand } from "./mod.ts";
import { parseTargets, targetsOf } from "./targets_file.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;
const GIVEN = parseCommandLine(["diff"], [DIFF]).options;

function pair(left: string, right: string, ...capabilities: string[]): PairResult {
  return {
    left,
    right,
    differences: capabilities.map((capability) => ({
      class: "semantic",
      capability,
      capabilities: [capability],
      path: "output.<b>",
      first_step: 1,
      count: 2,
      left: "1",
      right: "<script>",
      supports: "undecided",
    })),
  };
}

Deno.test("targets that agree about a capability stand in one group, the largest first", () => {
  const pairs = [pair("a", "b", "x.y"), pair("a", "c", "x.y"), pair("b", "c")];
  assertEquals(agreementsOf("x.y", ["a", "b", "c"], pairs).groups, [["b", "c"], ["a"]]);
  assertEquals(agreementsOf("other", ["a", "b", "c"], pairs).groups, [["a", "b", "c"]]);
});

Deno.test("agreement that is not mutual makes no group", () => {
  const pairs = [pair("a", "b"), pair("b", "c"), pair("a", "c", "x.y")];
  assertEquals(agreementsOf("x.y", ["a", "b", "c"], pairs).groups, [["a", "b"], ["c"]]);
});

Deno.test("texts of targets stay texts on the page", () => {
  const result: MatrixResult = {
    schema: "hearthproof.diff-matrix/1",
    verdict: "different",
    seed: 1,
    steps: 2,
    targets: [{ name: "<a>", target: "embedded", implementation: "<i>", masked: 0 }],
    capabilities: [{ capability: "x.y", groups: [["<a>"], ["b"]] }],
    pairs: [pair("<a>", "b", "x.y")],
    one_sided: [{ capability: "<z>", who: ["b"] }],
    notes: ["<note>"],
  };
  const page = matrixHtml(result);
  for (const tag of ["<a>", "<i>", "<z>", "<note>", "<script>", "<b>"]) assert(!page.includes(tag), tag);
});

Deno.test("a targets file gives every target its own access", () => {
  const text = `targets:
  - name: one
    target: https://127.0.0.1:7901
    root_key: keys/one
    dialect: body-routed
    tls_pin: ${"ab".repeat(32)}
    allow_writes: true
  - target: embedded
    variant: [x]
`;
  const [one, two] = parseTargets(text, "/etc/lab/targets.yaml", GIVEN);
  assert(one !== undefined && two !== undefined);
  assertEquals([one.name, one.options.text("root-key"), one.options.text("dialect")], [
    "one",
    "/etc/lab/keys/one",
    "body-routed",
  ]);
  assertEquals([one.options.flag("allow-writes"), one.options.flag("disposable")], [true, false]);
  assertEquals([two.name, two.options.list("variant")], ["B embedded", ["x"]]);
});

Deno.test("targets are given one by one, with what belongs to each, or all at once", async () => {
  const names = async (...argv: string[]) =>
    (await targetsOf(parseCommandLine(["diff", ...argv], [DIFF]).options)).map(({ name, spec }) => [name, spec]);
  const faulty = "embedded:manifest-ttl-300,market-topics-named-after-types";
  const three = [["A embedded", "embedded"], [`B ${faulty}`.slice(0, 40), faulty], ["C embedded", "embedded"]];
  assertEquals(await names("--target", "embedded", "--target", faulty, "--target", "embedded"), three);
  assertEquals(await names("--target", `embedded ${faulty} embedded`), three);
  const exec = 'exec:"node --port {port} {data}"';
  assertEquals((await names(...[exec, exec, "embedded"].flatMap((one) => ["--target", one])))[0]?.[1], exec);
  await assertRejects(() => names("--target", "embedded"), UsageError, "takes 3 to 8 targets, current value has 1");
});

Deno.test("mistakes of a targets file are named with their place", () => {
  const wrong = (text: string, words: string) =>
    assertThrows(() => parseTargets(text, "t.yaml", GIVEN), UsageError, words);
  wrong("targets: 1", "no list named targets");
  wrong("targets: [{name: a}]", "targets[0] needs a text named target");
  wrong("targets: [{target: embedded, colour: red}]", "targets[0].colour is no option");
  wrong("targets: [{target: embedded, root_key: 1}]", "targets[0].root_key must be a text");
  wrong("targets: [{target: a, name: x}, {target: b, name: x}]", "targets[1].name is there twice");
  wrong("targets: [{target: a, allow_writes: 1}]", "targets[0].allow_writes must be true or false");
});

Deno.test("options of a comparison of two are refused for a matrix", async () => {
  const printer = bufferPrinter();
  const signal = new AbortController().signal;
  for (const option of [["--replay", "x"], ["--skew", "left=+90s"], ["--right", "embedded"]]) {
    const { options } = parseCommandLine(["diff", "--targets", "t.yaml", ...option], [DIFF]);
    const run = () => diffCommand(options, { printer, clock: systemClock(), signal, program: PROGRAM });
    await assertRejects(run, UsageError, `${option[0]} belongs to a comparison of two`);
  }
});

Deno.test("of three nodes the faulty one stands alone where it differs", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-matrix-" });
  try {
    const file = join(folder, "targets.yaml");
    await Deno.writeTextFile(
      file,
      `targets:
  - {name: sound, target: embedded}
  - {name: faulty, target: "embedded:manifest-ttl-300"}
  - {name: other, target: embedded}
`,
    );
    const printer = bufferPrinter();
    const argv = ["diff", "--targets", file, "--steps", "12", "--seed", "7", "--calibrate", "2"];
    const { options } = parseCommandLine([...argv, "--output-dir", join(folder, "out")], [DIFF]);
    const signal = new AbortController().signal;
    const code = await diffCommand(options, { printer, clock: systemClock(), signal, program: PROGRAM });
    const text = printer.outLines.join("\n");
    assertEquals(code, 1, text);
    assertStringIncludes(text, "sound | other: agree");
    assertStringIncludes(text, "GET /manifest: sound = other  /  faulty");
    const report = parseJson(await Deno.readFile(join(folder, "out", "diff-matrix.json")));
    assert(isObject(report) && Array.isArray(report.pairs) && isObject(report.pairs[0]));
    const { differences } = report.pairs[0];
    assert(Array.isArray(differences) && isObject(differences[0]));
    assertEquals([differences[0].requirement, differences[0].supports], ["IDN-016", "sound"]);
    assertEquals([...Deno.readDirSync(join(folder, "out"))].map(({ name }) => name).sort(), [
      "diff-matrix.html",
      "diff-matrix.json",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
