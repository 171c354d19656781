/** From a journal back to everything that judged the run, as far as the journal reaches. */

import { tryParseJson } from "../src/protocol/mod.ts";
import { writeAtomic } from "../src/report/atomic.ts";
import { join } from "node:path";
import { AT_START, type JournalPosition, segmentOf } from "./journal.ts";
import type { JournalDisk } from "./journal_disk.ts";
import { type JournalLine, type ReadSegment, readSegment, type StateRecord } from "./journal_format.ts";
import { type Ending, type RunConfig, RunState } from "./run_state.ts";

/** A journal is there and cannot be used; the message says which and why. */
export class JournalError extends Error {
  override readonly name = "OutputError";
}

/** Folder of the journal inside the output directory, and the file that names the run. */
export const JOURNAL_DIR = "journal";
export const RUN_FILE = "run.json";
const RUN_FORMAT = "hearthproof.soak-run/1";

/** A run as its journal shows it. */
export interface RestoredRun {
  readonly config: RunConfig;
  readonly state: RunState;
  readonly position: JournalPosition;
  /** How the run came to its end; undefined if it did not. */
  readonly ending: Ending | undefined;
  /** What of the journal does not count; undefined if all of it does. */
  readonly cut: string | undefined;
}

/** Writes down which run a folder holds, before anything else is. */
export async function writeRunFile(folder: string, config: RunConfig): Promise<void> {
  await writeAtomic(join(folder, RUN_FILE), JSON.stringify({ format: RUN_FORMAT, config }, null, 2) + "\n");
}

/**
 * Reads a journal as far as it is whole. Undefined if there is none.
 *
 * @throws {JournalError} If it is of another version.
 */
export async function restoreRun(disk: JournalDisk): Promise<RestoredRun | undefined> {
  const names = await disk.names();
  if (!names.includes(RUN_FILE)) return undefined;
  const segments: ReadSegment[] = [];
  let highest = 0;
  for (const name of names) {
    const number = segmentOf(name);
    if (number === undefined) continue;
    highest = Math.max(highest, number);
    const segment = readSegment(await disk.read(name));
    if (segment !== undefined) segments.push(segment);
  }
  const chain = chainOf(segments);
  const base = chain[0];
  const config = base?.head.config ?? await configOf(disk);
  const state = new RunState(config);
  if (base === undefined) {
    const cut = highest === 0 ? undefined : "nothing of the journal can be read";
    return { config, state, position: { ...AT_START, segment: highest }, ending: undefined, cut };
  }
  const lines = chain.flatMap((segment) => segment.lines);
  restoreStates(state, base, lines);
  const last = chain[chain.length - 1] ?? base;
  const left = segments.length - chain.length - segments.indexOf(base);
  const cut = left > 0
    ? `${left} segments do not follow from the one before`
    : last.cutWhy === undefined
    ? undefined
    : `the last ${last.cutBytes} bytes do not count: ${last.cutWhy}`;
  return {
    config,
    state,
    position: {
      segment: highest,
      line: last.head.line + last.lines.length,
      link: last.link,
      full: isFull(base) ? base.head.segment : 0,
    },
    ending: endingOf(last.lines),
    cut,
  };
}

/** The end is followed by a mark at most. */
function endingOf(lines: readonly JournalLine[]): Ending | undefined {
  for (const { record } of lines.slice(-2)) {
    if (record.t === "end") {
      return { endMs: record.ending.endMs, early: record.ending.early ?? undefined, incomplete: undefined };
    }
  }
  return undefined;
}

function isFull({ lines }: ReadSegment): boolean {
  return lines.some(({ record }) => record.t === "full");
}

/** The latest segment with whole states and what follows from it without a hole; without any, the first that is there. */
function chainOf(segments: readonly ReadSegment[]): ReadSegment[] {
  const latest = segments.findLastIndex(isFull);
  const chain: ReadSegment[] = [];
  for (const segment of segments.slice(Math.max(0, latest))) {
    const before = chain[chain.length - 1];
    if (before !== undefined && segment.head.prev !== before.link) break;
    chain.push(segment);
  }
  return chain;
}

function restoreStates(state: RunState, base: ReadSegment, lines: readonly JournalLine[]): void {
  const stored = new Map<string, StateRecord>();
  const whole = isFull(base);
  for (const { record, line } of lines) {
    if (record.t !== "state") continue;
    const ofBase = whole && line < base.head.line + base.lines.length;
    if (!record.alone && !ofBase) continue;
    if ((stored.get(record.name)?.from ?? -1) < record.from || !stored.has(record.name)) {
      stored.set(record.name, record);
    }
  }
  for (const keeper of state.keepers) {
    const record = stored.get(keeper.name);
    if (record !== undefined) keeper.restore(record.state);
  }
  for (const { record, line } of lines) {
    if (record.t !== "obs") continue;
    for (const observation of record.list) {
      for (const keeper of state.keepers) {
        if (line > (stored.get(keeper.name)?.from ?? -1)) keeper.observe(observation);
      }
    }
  }
}

async function configOf(disk: JournalDisk): Promise<RunConfig> {
  const stored = tryParseJson(await disk.read(RUN_FILE)) as unknown as
    | { format?: string; config?: RunConfig }
    | undefined;
  if (stored?.format !== RUN_FORMAT || stored.config === undefined) {
    throw new JournalError(`Cannot read ${RUN_FILE}: it is not of the form ${RUN_FORMAT}`);
  }
  return stored.config;
}
