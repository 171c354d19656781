/** `--replay run_manifest.json`: the options of an earlier run, under the ones given now. */

import { isObject, type Json, tryParseJson } from "../protocol/mod.ts";
import { MANIFEST_SCHEMA } from "../report/run_manifest.ts";
import { GIVEN } from "../report/redact.ts";
import type { CommandSpec } from "./options.ts";
import { type Options, parseCommandLine, UsageError } from "./parse.ts";
import { readOptionFile } from "./target_options.ts";

/** Options that belong to the new run alone. */
const NOT_REPEATED: readonly string[] = ["replay", "output-dir", "json", "baseline"];

function words(name: string, value: Json): string[] {
  if (value === true) return [`--${name}`];
  if (Array.isArray(value)) return value.map((item) => `--${name}=${item}`);
  return value === false || value === null ? [] : [`--${name}=${value}`];
}

/**
 * The options of the run that a manifest describes; options given on the command line win.
 *
 * @throws {UsageError} If the file is no run manifest, or the run needed a key that is not given again.
 */
export async function replayedOptions(options: Options, command: CommandSpec): Promise<Options> {
  const path = options.text("replay");
  if (path === undefined) return options;
  const manifest = tryParseJson(await readOptionFile("replay", path));
  if (!isObject(manifest) || manifest.schema !== MANIFEST_SCHEMA || !isObject(manifest.configuration)) {
    throw new UsageError(`--replay ${path}: no run_manifest.json of hearthproof`);
  }
  const argv: string[] = [];
  for (const [name, value] of Object.entries(manifest.configuration)) {
    if (options.given(name) || NOT_REPEATED.includes(name)) continue;
    if (value === GIVEN) {
      throw new UsageError(`--replay ${path}: that run was given --${name}; give it again, manifests hold no secrets`);
    }
    argv.push(...words(name, value as Json));
  }
  for (const [name, value] of options.entries()) {
    if (name !== "replay") argv.push(...words(name, value as Json));
  }
  if (!options.given("seed") && typeof manifest.seed === "number" && !argv.some((w) => w.startsWith("--seed="))) {
    argv.push(`--seed=${manifest.seed}`);
  }
  if (typeof manifest.time_origin === "number" && !argv.some((w) => w.startsWith("--time-origin="))) {
    argv.push(`--time-origin=${manifest.time_origin}`);
  }
  return parseCommandLine([command.name, ...argv], [command]).options;
}
