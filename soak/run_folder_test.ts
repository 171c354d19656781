import { assertEquals, assertThrows } from "@std/assert";
import { type Options, parseCommandLine, UsageError } from "../src/cli/parse.ts";
import type { RestoredRun } from "./journal_restore.ts";
import { canResume, keptOptions, resumedOptions } from "./run_folder.ts";
import { RunState } from "./run_state.ts";
import { SOAK } from "./soak_spec.ts";
import { runConfig } from "./testing.ts";

const options = (...argv: readonly string[]): Options => parseCommandLine(["soak", ...argv], [SOAK]).options;

function begun(...argv: readonly string[]): RestoredRun {
  const config = runConfig(keptOptions(options(...argv), ["root-key", "admin-token"]));
  const position = { segment: 1, line: 1, link: "", full: 1 };
  return { config, state: new RunState(config), position, ending: undefined, cut: undefined };
}

Deno.test("a resumed run has the options it was begun with", () => {
  const run = begun("--rate", "7/s", "--threshold", "errors.rate < 1%", "--fail-fast", "--output-dir", "x", "--json");
  const resumed = resumedOptions(options("--resume", "x", "--pid", "12"), run);
  assertEquals([resumed.text("rate"), resumed.list("threshold")], ["7/s", ["errors.rate < 1%"]]);
  assertEquals([resumed.flag("fail-fast"), resumed.number("pid"), resumed.flag("json")], [true, 12, false]);
});

Deno.test("secrets are named, not kept, and must be given again", () => {
  const run = begun("--target", "http://127.0.0.1:1", "--root-key", "root.key", "--admin-token", "s3cret");
  assertEquals(JSON.stringify(run.config).includes("s3cret"), false);
  assertEquals(run.config.secrets, ["root-key", "admin-token"]);
  assertThrows(() => resumedOptions(options("--resume", "x"), run), UsageError, "needs --root-key again");
  const again = resumedOptions(options("--resume", "x", "--root-key", "r", "--admin-token", "t"), run);
  assertEquals([again.text("root-key"), again.text("target")], ["r", "http://127.0.0.1:1"]);
});

Deno.test("a run is not judged otherwise after a resume than it was begun", () => {
  const run = begun("--rate", "7/s");
  assertThrows(() => resumedOptions(options("--resume", "x", "--rate", "9/s"), run), UsageError, "leave out --rate");
  assertEquals(resumedOptions(options("--resume", "x", "--rate", "7/s"), run).text("rate"), "7/s");
});

Deno.test("a run against a container cannot be gone on with, since its volume went with the tester", () => {
  const target = (...argv: readonly string[]) => canResume(begun(...argv).config);
  assertEquals(
    [target(), target("--target", "exec:x {port}"), target("--target", "http://127.0.0.1:1")],
    [true, true, true],
  );
  assertEquals([target("--target", "docker:x"), target("--target", "docker", "--docker-image", "x")], [false, false]);
});
