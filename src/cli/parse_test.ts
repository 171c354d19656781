import { assertEquals, assertThrows } from "@std/assert";
import { COMMANDS } from "./commands.ts";
import type { CommandSpec } from "./options.ts";
import { parseCommandLine, readDuration, readSeed, UsageError } from "./parse.ts";

const parse = (...argv: string[]) => parseCommandLine(argv, COMMANDS);

const SOAKLIKE: CommandSpec = {
  name: "watch",
  summary: "",
  positionals: [],
  options: [
    { name: "duration", kind: "duration", standard: "24h", help: "" },
    { name: "rate", kind: "number", min: 0, max: 10, help: "" },
    { name: "pace", kind: "text", choices: ["open", "closed"], help: "" },
  ],
};

Deno.test("options have the values of the command line or of the table", () => {
  const { command, options } = parse(
    "run",
    "--seed=0xFF",
    "--strict",
    "--suite-filter",
    "core/*,IDN-*",
    "--suite-filter=x",
  );
  assertEquals(command.name, "run");
  assertEquals(options.number("seed"), 255);
  assertEquals(options.flag("strict"), true);
  assertEquals(options.flag("json"), false);
  assertEquals(options.list("suite-filter"), ["core/*", "IDN-*", "x"]);
  assertEquals(options.text("target"), "embedded");
  assertEquals(options.number("parallel"), 1);
  assertEquals(options.text("baseline"), undefined);
  assertEquals([options.given("seed"), options.given("target")], [true, false]);
  assertEquals(options.entries(), [["suite-filter", ["core/*", "IDN-*", "x"]], ["strict", true], ["seed", 255]]);
});

Deno.test("the default seed is the one of X09", () => {
  assertEquals(parse("run").options.number("seed"), 12_648_430);
});

Deno.test("a time origin is a timestamp or milliseconds", () => {
  assertEquals(parse("run", "--time-origin", "2026-07-02T09:15:00Z").options.number("time-origin"), 1_782_983_700_000);
  assertEquals(parse("run", "--time-origin", "1782983700000").options.number("time-origin"), 1_782_983_700_000);
});

Deno.test("durations are milliseconds and numbers may have a fraction", () => {
  const of = (...argv: string[]) => parseCommandLine(["watch", ...argv], [SOAKLIKE]).options;
  assertEquals(of().number("duration"), 86_400_000);
  assertEquals(of("--duration", "1.5h", "--rate", "0.25").number("duration"), 5_400_000);
  assertEquals(of("--rate", "0.25").number("rate"), 0.25);
  assertEquals([readDuration("250ms"), readDuration("90s"), readDuration("90")], [250, 90_000, undefined]);
  assertEquals([readDuration("1h30m"), readDuration("1m2s3ms"), readDuration("30m1h")], [5_400_000, 62_003, undefined]);
  assertEquals([readDuration(""), readDuration("1h30"), readDuration("m")], [undefined, undefined, undefined]);
});

Deno.test("nothing, --help and --version are commands", () => {
  assertEquals(parse().command.name, "help");
  assertEquals(parse("--help").command.name, "help");
  assertEquals(parse("-h").command.name, "help");
  assertEquals(parse("--version").command.name, "version");
});

Deno.test("--help asks for help even where an argument is missing", () => {
  assertEquals(parse("report", "--help").help, true);
  assertEquals(parse("run", "-h").help, true);
  assertEquals(parse("run").help, false);
});

Deno.test("positionals stay text", () => {
  assertEquals(parse("report", "show", "007").positionals, ["show", "007"]);
});

Deno.test("a wrong command line gets one precise line", () => {
  const table: [argv: string[], message: string][] = [
    [["rnu"], 'unknown command "rnu", did you mean run?'],
    [["zzzzzzzz"], 'unknown command "zzzzzzzz"; hearthproof help lists them'],
    [["\x1b[31m"], 'unknown command "\\u{1B}[31m"; hearthproof help lists them'],
    [["run", "--sed", "1"], "run: unknown option --sed, did you mean --seed?"],
    [["run", "--sutie-filter=x"], "run: unknown option --sutie-filter, did you mean --suite-filter?"],
    [["run", "-x"], "run: unknown option -x; hearthproof help run shows how it is used"],
    [["run", "--no-json"], "run: unknown option --no-json; hearthproof help run shows how it is used"],
    [["run", "--seed"], "run: --seed needs a value (--seed N)"],
    [["run", "--seed", "--json"], "run: --seed needs a value (--seed N)"],
    [["run", "--admin-token="], "run: --admin-token needs a value (--admin-token TOKEN)"],
    [
      ["run", "--seed", "x"],
      'run: --seed must be a whole number from 0 to 2^53-1, decimal or with 0x, current value is "x"',
    ],
    [["run", "--seed", "1", "--seed", "2"], "run: --seed is given 2 times; give it once"],
    [["run", "--parallel", "0"], 'run: --parallel must be a whole number from 1 to 64, current value is "0"'],
    [["run", "--json=1"], 'run: --json takes no value, current value is "1"; write just --json'],
    [["run", "--target-url", "foo"], 'run: --target-url must be an http or https URL, current value is "foo"'],
    [
      ["run", "--time-origin", "2026-02-30T00:00:00Z"],
      'run: --time-origin must be a time like 2026-07-02T09:15:00Z or milliseconds since the epoch, current value is "2026-02-30T00:00:00Z"',
    ],
    [["run", "core"], 'run: unexpected argument "core"; hearthproof help run shows how it is used'],
    [["report"], "report: ACTION is missing (show, verify, recheck); hearthproof help report shows how it is used"],
    [["report", "sho"], 'report: unknown ACTION "sho", did you mean show?'],
    [["report", "burn"], 'report: unknown ACTION "burn" (show, verify, recheck)'],
  ];
  for (const [argv, message] of table) {
    assertEquals(assertThrows(() => parse(...argv), UsageError).message, message);
  }
  const rate = () => parseCommandLine(["watch", "--rate", "11"], [SOAKLIKE]);
  assertEquals(
    assertThrows(rate, UsageError).message,
    'watch: --rate must be a number from 0 to 10, current value is "11"',
  );
  const pace = () => parseCommandLine(["watch", "--pace", "half"], [SOAKLIKE]);
  assertEquals(
    assertThrows(pace, UsageError).message,
    'watch: --pace must be one of open, closed, current value is "half"',
  );
});

Deno.test("values of a list that are taken whole keep commas, spaces and dashes", () => {
  const { options } = parse("run", "--container-arg=--mount=type=tmpfs,dst=/x y", "--container-arg=--network=host");
  assertEquals(options.list("container-arg"), ["--mount=type=tmpfs,dst=/x y", "--network=host"]);
});

Deno.test("a wrong secret is not repeated", () => {
  const command: CommandSpec = {
    name: "x",
    summary: "",
    positionals: [],
    options: [{ name: "key", kind: "count", secret: true, help: "" }],
  };
  const error = assertThrows(() => parseCommandLine(["x", "--key", "hunter2"], [command]), UsageError);
  assertEquals(error.message, "x: --key must be a whole number");
});

Deno.test("asking for an option the command does not have is a mistake of the program", () => {
  assertThrows(
    () => parse("version").options.text("seed"),
    RangeError,
    "Cannot read --seed: version has no such option",
  );
});

Deno.test("every default of every command is of the right form", () => {
  for (const command of COMMANDS) {
    const { options } = parseCommandLine([
      command.name,
      ...command.positionals.flatMap(({ choices }) => choices?.[0] ?? []),
    ], COMMANDS);
    for (const { name } of command.options) {
      options.flag(name);
      assertEquals(options.given(name), false);
    }
  }
});

Deno.test("readSeed takes decimal and hexadecimal whole numbers that are exact", () => {
  assertEquals([readSeed("0xC0FFEE"), readSeed("12"), readSeed("0")], [0xC0FFEE, 12, 0]);
  assertEquals([readSeed("-1"), readSeed("1.5"), readSeed("0x"), readSeed("9007199254740992")], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
