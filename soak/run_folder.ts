/** The output directory of a run: who writes into it, and which run it holds. */

import { join } from "node:path";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { OutputError, prepareFolder } from "../src/report/atomic.ts";
import { folderDisk, type JournalDisk } from "./journal_disk.ts";
import { readWorkersRun } from "./workers_file.ts";
import { JOURNAL_DIR, type RestoredRun, restoreRun } from "./journal_restore.ts";
import type { RunConfig } from "./run_state.ts";

export const REPORT_FILE = "soak-report.json";
export const HTML_FILE = "soak-report.html";
const LOCK_FILE = "lock";

/** An output directory that no other tester uses. */
export interface RunFolder {
  readonly path: string;
  /** Where the journal is. */
  readonly journal: string;
  readonly disk: JournalDisk;
  /** Lets others use it. The system does so as well when this process dies. */
  release(): void;
}

/**
 * Makes the folder and takes it for this process.
 *
 * @throws {OutputError} If it cannot be written, or another tester is at work in it.
 */
export async function takeFolder(path: string, disk = folderDisk): Promise<RunFolder> {
  const journal = join(path, JOURNAL_DIR);
  await prepareFolder(path);
  await prepareFolder(journal);
  const lock = Deno.openSync(join(journal, LOCK_FILE), { write: true, create: true });
  if (!lock.tryLockSync(true)) {
    lock.close();
    throw new OutputError(`Cannot use the output directory ${path}: another soak is at work in it`);
  }
  return { path, journal, disk: disk(journal), release: () => lock.close() };
}

/**
 * Makes room for a new run.
 *
 * @throws {UsageError} If the folder holds a run that was cut off: hours of work are not overwritten by the way.
 */
export async function clearFolder({ path, disk }: RunFolder): Promise<void> {
  const before = await restoreRun(disk);
  const workers = await readWorkersRun(path);
  if ((before !== undefined && before.ending === undefined) || workers?.ended === false) {
    const resumable = canResume(before?.config ?? workers ?? { options: {} });
    throw new UsageError(
      `soak: ${path} holds a run that was cut off; ${resumable ? `go on with --resume ${path}, ` : ""}` +
        `see it with "soak report ${path}", or choose another --output-dir`,
    );
  }
  for (const name of await disk.names()) if (name !== LOCK_FILE) await disk.remove(name);
}

/**
 * The run a folder holds.
 *
 * @throws {UsageError} If it holds none.
 */
export async function runOf(action: string, path: string): Promise<RestoredRun> {
  const run = await restoreRun(folderDisk(join(path, JOURNAL_DIR)));
  if (run === undefined && await readWorkersRun(path) !== undefined) {
    throw new UsageError(`soak ${action}: ${path} holds a run of several workers; "soak report ${path}" shows it`);
  }
  if (run === undefined) throw new UsageError(`soak ${action}: ${path} holds no run; name an output directory of soak`);
  return run;
}

/** Whether a run that was cut off can be gone on with: the volume of a container goes with the tester. */
export function canResume({ options: { target } }: Pick<RunConfig, "options">): boolean {
  return !(typeof target === "string" && /^docker(:|$)/.test(target));
}

/** Options that may be others after a resume: where the target is now, and how the run is watched. */
const MAY_CHANGE: readonly string[] = ["target", "target-url", "pid", "cgroup", "target-data"];

/**
 * What the command line said, and what a resume says now on top.
 *
 * @throws {UsageError} If a key is missing, or something is to be judged otherwise than it was begun.
 */
export function resumedOptions(
  options: Options,
  run: { readonly config: Pick<RunConfig, "options" | "secrets"> },
): Options {
  const { secrets, options: kept } = run.config;
  const given = new Map(options.entries());
  const missing = secrets.find((name) => !given.has(name));
  if (missing !== undefined) {
    throw new UsageError(`soak: --resume needs --${missing} again: options that name or hold keys are not kept`);
  }
  for (const [name, value] of given) {
    const free = NOT_KEPT.includes(name) || MAY_CHANGE.includes(name) || secrets.includes(name);
    if (free || JSON.stringify(kept[name]) === JSON.stringify(value)) continue;
    throw new UsageError(`soak: --resume goes on with the run as it was begun; leave out --${name}`);
  }
  return options.over(kept);
}

/** What a resume needs of the command line. */
export function keptOptions(options: Options, secrets: readonly string[]) {
  const entries = options.entries().filter(([name]) => !NOT_KEPT.includes(name));
  return {
    options: Object.fromEntries(entries.filter(([name]) => !secrets.includes(name))),
    secrets: entries.map(([name]) => name).filter((name) => secrets.includes(name)),
  };
}

/** Options that are of one process, not of the run. */
const NOT_KEPT: readonly string[] = ["output-dir", "resume", "json", "dashboard", "dashboard-token"];
