/** A run whose disk was full has seen more than its journal holds: its own report is not overwritten by a lesser one. */

import { join } from "node:path";
import { isObject, tryParseJson } from "../src/protocol/mod.ts";
import { REPORT_FILE } from "./run_folder.ts";
import { SOAK_SCHEMA, type SoakReport } from "./soak_report.ts";

/** The report that a folder holds, if it is of the same run and tells of more calls; undefined else. */
export async function fullerReport(folder: string, told: SoakReport): Promise<SoakReport | undefined> {
  const stored = tryParseJson(await Deno.readFile(join(folder, REPORT_FILE)).catch(() => new Uint8Array()));
  if (!isObject(stored) || stored.schema !== SOAK_SCHEMA) return undefined;
  const report = stored as unknown as SoakReport;
  const same = report.started_at === told.started_at && report.seed === told.seed &&
    report.target?.url === told.target.url;
  return same && report.load?.calls > told.load.calls ? report : undefined;
}
