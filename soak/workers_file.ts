/** The file that names a run of several workers in its output directory, and the folders of the workers beside it. */

import { join } from "node:path";
import { tryParseJson } from "../src/protocol/mod.ts";
import { OutputError, writeAtomic } from "../src/report/atomic.ts";
import { JOURNAL_DIR, type RestoredRun, restoreRun } from "./journal_restore.ts";
import { folderDisk } from "./journal_disk.ts";
import type { RunConfig } from "./run_state.ts";
import type { ToldSlot } from "./threshold_slots.ts";
import { readWindows } from "./window_log.ts";

/** Beside where the journal of a single process would be: whatever makes room for a new run removes it. */
export const WORKERS_FILE = "workers.json";
const FORMAT = "hearthproof.soak-workers/1";
const FOLDER = /^worker-\d+$/;

/** What is known of such a run. No secret is in it. */
export interface WorkersRun extends Pick<RunConfig, "options" | "secrets"> {
  readonly count: number;
  readonly seed: number;
  readonly timeOrigin: number;
  /** Every worker has come to its end. */
  readonly ended: boolean;
}

/** Output directory of a worker; `index` from 1. */
export function workerFolder(folder: string, index: number): string {
  return join(folder, `worker-${index}`);
}

export async function writeWorkersRun(folder: string, run: WorkersRun): Promise<void> {
  await writeAtomic(
    join(folder, JOURNAL_DIR, WORKERS_FILE),
    JSON.stringify({ format: FORMAT, ...run }, null, 2) + "\n",
  );
}

/**
 * The run of several workers in a folder; undefined if it holds none.
 *
 * @throws {OutputError} If the file is of another version.
 */
export async function readWorkersRun(folder: string): Promise<WorkersRun | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(join(folder, JOURNAL_DIR, WORKERS_FILE));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new OutputError(
      `Cannot read ${WORKERS_FILE} of ${folder}: ${error instanceof Error ? error.message : error}`,
    );
  }
  const stored = tryParseJson(bytes) as unknown as (WorkersRun & { readonly format?: string }) | undefined;
  if (stored?.format !== FORMAT) {
    throw new OutputError(`Cannot read ${WORKERS_FILE} of ${folder}: it is not of the form ${FORMAT}`);
  }
  return stored;
}

/** A worker as its journal shows it. */
export interface WorkerRun {
  readonly index: number;
  /** Output directory. */
  readonly path: string;
  /** Undefined where it has no journal. */
  readonly run: RestoredRun | undefined;
  readonly windows: readonly ToldSlot[];
}

/** All workers of a run, in order. */
export async function workerRuns(
  folder: string,
  { count }: Pick<WorkersRun, "count">,
): Promise<readonly WorkerRun[]> {
  const runs: WorkerRun[] = [];
  for (let index = 1; index <= count; index++) {
    const path = workerFolder(folder, index);
    const disk = folderDisk(join(path, JOURNAL_DIR));
    runs.push({ index, path, run: await restoreRun(disk), windows: await readWindows(disk) });
  }
  return runs;
}

/** Removes the folders of workers of an earlier run. */
export async function removeWorkers(folder: string): Promise<void> {
  const old: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) if (isDirectory && FOLDER.test(name)) old.push(name);
  for (const name of old) await Deno.remove(join(folder, name), { recursive: true });
}
