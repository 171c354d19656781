/** Reading back what a run left: the common part of `report show`, `verify` and `recheck`, and of `--replay`. */

import { type Json, tryParseJson } from "../protocol/mod.ts";
import type { ConformanceReport } from "../report/build.ts";
import { visible } from "../report/escape.ts";
import { asReport, asRunManifest, SchemaError } from "../report/json_schema.ts";
import type { RunManifest } from "../report/run_manifest.ts";
import { UsageError } from "./parse.ts";

/** Larger files are no reports; a full run leaves about 2 MB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/**
 * A report, by its own path.
 *
 * @throws {UsageError} If there is none, or it is not what its schema says.
 */
export async function readReport(path: string): Promise<ConformanceReport> {
  return checked(path, await readJson(path), asReport);
}

/**
 * A run manifest, by its own path.
 *
 * @throws {UsageError} If there is none, or it is not what its schema says.
 */
export async function readRunManifest(path: string): Promise<RunManifest> {
  return checked(path, await readJson(path), asRunManifest);
}

/**
 * A bounded JSON file.
 *
 * @throws {UsageError} If it cannot be read, is too large, or is no JSON.
 */
export async function readJson(path: string): Promise<Json> {
  const value = tryParseJson(await readBounded(path));
  if (value === undefined) {
    throw new UsageError(`cannot read ${visible(path)}: it is no JSON; was the run cut off? Run it again`);
  }
  return value;
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw new UsageError(`cannot read ${visible(path)}: it is no file`);
    if (size > MAX_FILE_BYTES) throw new UsageError(`cannot read ${visible(path)}: it has ${size} bytes`);
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such file; name the --output-dir of a hearthproof run"
      : String(error);
    throw new UsageError(`cannot read ${visible(path)}: ${visible(why)}`);
  }
}

function checked<T>(path: string, value: Json, as: (value: Json) => T): T {
  try {
    return as(value);
  } catch (error) {
    if (error instanceof SchemaError) throw new UsageError(`cannot use ${visible(path)}: ${error.message}`);
    throw error;
  }
}
