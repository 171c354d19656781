/** JSON Schema (draft-07) of the files a run leaves behind, and the check that a file read back is one of them. */

import { Ajv, type ValidateFunction } from "ajv";
import { isObject, type Json, type JsonObject } from "../protocol/mod.ts";
import type { ConformanceReport } from "./build.ts";
import { visible } from "./escape.ts";
import type { RunManifest } from "./run_manifest.ts";
import reportSchema from "./schemas/report.schema.json" with { type: "json" };
import runManifestSchema from "./schemas/run_manifest.schema.json" with { type: "json" };

/** Schema of report.json. */
export const REPORT_JSON_SCHEMA: JsonObject = reportSchema as unknown as JsonObject;
/** Schema of run_manifest.json. */
export const RUN_MANIFEST_JSON_SCHEMA: JsonObject = runManifestSchema as unknown as JsonObject;

/** A file is not what its schema says. The message is one line. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

let compiled: { readonly report: ValidateFunction; readonly manifest: ValidateFunction } | undefined;

/**
 * The value as a report, as far as its schema and its own sums say.
 *
 * @throws {SchemaError} If it is none; the message says where.
 */
export function asReport(value: Json): ConformanceReport {
  check(validators().report, value, "report.json");
  const report = value as unknown as ConformanceReport;
  for (const [name, section] of Object.entries(report.sections)) {
    const { total, passed, failed, skipped, failures } = section;
    if (section.name !== name) throw new SchemaError(`report.json: section ${name} is named ${section.name}`);
    if (total !== passed + failed + skipped) {
      throw new SchemaError(`report.json: the counters of ${name} do not add up`);
    }
    if (failures.length !== failed) {
      throw new SchemaError(`report.json: ${name} has ${failed} failed and ${failures.length} failures`);
    }
  }
  return report;
}

/**
 * The value as a run manifest.
 *
 * @throws {SchemaError} If it is none; the message says where.
 */
export function asRunManifest(value: Json): RunManifest {
  check(validators().manifest, value, "run_manifest.json");
  return value as unknown as RunManifest;
}

function check(validate: ValidateFunction, value: Json, file: string): void {
  if (!isObject(value)) throw new SchemaError(`${file}: it is no JSON object`);
  if (validate(value)) return;
  const [first] = validate.errors ?? [];
  const where = first?.instancePath === "" || first === undefined ? "the document" : first.instancePath;
  throw new SchemaError(`${file}: ${visible(where)} ${visible(first?.message ?? "does not fit the schema")}`);
}

/** Compiled on first use: most commands never read a file back. */
function validators(): { readonly report: ValidateFunction; readonly manifest: ValidateFunction } {
  compiled ??= compile();
  return compiled;
}

function compile(): { readonly report: ValidateFunction; readonly manifest: ValidateFunction } {
  const ajv = new Ajv({ strict: true, strictRequired: false });
  return { report: ajv.compile(REPORT_JSON_SCHEMA), manifest: ajv.compile(RUN_MANIFEST_JSON_SCHEMA) };
}
