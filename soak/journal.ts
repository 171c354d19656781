/**
 * The journal of a run: what was observed since the states of all keepers were written last. Two generations of states
 * are kept, so that a tail that is cut anywhere still leaves one whole; older segments are removed.
 */

import { Buffer } from "node:buffer";
import { turn } from "../src/wire/clock.ts";
import { FIRST_LINK, JOURNAL_FORMAT, type JournalRecord, jsonPieces, linkOf } from "./journal_format.ts";
import type { AppendFile, JournalDisk } from "./journal_disk.ts";
import type { Keeper } from "./monitors/monitor.ts";
import { isKept, type Observation } from "./observation.ts";
import type { Ending, RunConfig } from "./run_state.ts";

/** Milliseconds between two checkpoints: what a loss of power may cost. */
export const CHECKPOINT_EVERY_MS = 2000;
/** Observations of a segment before new states are due, in bytes; more where the states themselves are larger. */
export const MIN_SEGMENT_BYTES = 4_194_304;
/** Segments on the disk at most, unless the tester dies while it begins one: two whole ones and that one. */
export const MAX_SEGMENTS = 3;
/** Room kept for the report of a run that ends because the disk is full. */
export const RESERVE_BYTES = 8_388_608;
const RESERVE_NAME = "reserve";
const NAME_DIGITS = 8;

/** File name of a segment. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(NAME_DIGITS, "0")}.jsonl`;
}

/** Number of a segment's file name; undefined for other files. */
export function segmentOf(name: string): number | undefined {
  const match = /^(\d{8})\.jsonl$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Where a journal ends. */
export interface JournalPosition {
  /** Highest number of a segment that is there, 0 without any. */
  readonly segment: number;
  /** Number of the next line, and the link it follows. */
  readonly line: number;
  readonly link: string;
  /** Latest segment with a whole set of states, 0 without any. */
  readonly full: number;
}

/** Position of a journal that has not begun. */
export const AT_START: JournalPosition = { segment: 0, line: 0, link: FIRST_LINK, full: 0 };

export interface JournalOptions {
  readonly disk: JournalDisk;
  readonly config: RunConfig;
  readonly keepers: readonly Keeper[];
  /** Where a journal that is gone on with ended. */
  readonly after: JournalPosition;
  /** Run milliseconds now. */
  readonly now: () => number;
  /** Told once, when nothing can be written any more. */
  readonly failed: (why: string) => void;
}

/** See the module comment. */
export class Journal {
  #file: AppendFile | undefined;
  #segment: number;
  #line: number;
  #link: string;
  #full: number;
  #pending: Observation[] = [];
  #scheduled = false;
  #deltaBytes = 0;
  #stateBytes = 0;
  #failure: string | undefined;
  #offences = new Map<string, number>();
  #bytes = new Map<number, number>();
  #largest = 0;
  #busy: Promise<void> = Promise.resolve();

  private constructor(private readonly options: JournalOptions) {
    ({ segment: this.#segment, line: this.#line, link: this.#link, full: this.#full } = options.after);
  }

  /** Begins a segment with the states of now, and keeps room for a report. A full disk is told at once. */
  static async open(options: JournalOptions): Promise<Journal> {
    const journal = new Journal(options);
    await journal.#guarded(async () => {
      const names = await options.disk.names();
      if (!names.includes(RESERVE_NAME)) await reserve(options.disk);
    });
    await journal.rotate();
    return journal;
  }

  /** Why nothing is written any more; undefined while all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Most bytes the segments ever took together. */
  get largest(): number {
    return this.#largest;
  }

  /** Bytes of the latest set of states. */
  get stateBytes(): number {
    return this.#stateBytes;
  }

  /** Keeps an observation that all keepers have seen. It is with the system before this turn of the event loop ends. */
  note(observation: Observation): void {
    if (this.#failure !== undefined) return;
    if (!isKept(observation)) return this.#noteOffences();
    this.#pending.push(observation);
    // Before a write leaves it must be known that it did, so that its number is never used again.
    if (observation.kind === "sending") return this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    turn().then(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Hands everything noted to the system. */
  flush(): void {
    if (this.#pending.length === 0 || this.#file === undefined) return;
    const list = this.#pending;
    this.#pending = [];
    this.#deltaBytes += this.#write({ t: "obs", list });
  }

  /** Makes everything noted survive a loss of power; begins a new segment when this one is long. */
  async checkpoint(): Promise<void> {
    this.flush();
    this.#write({ t: "mark", at: this.options.now() });
    await this.#guarded(() => this.#file?.sync() ?? Promise.resolve());
    if (this.#deltaBytes >= Math.max(MIN_SEGMENT_BYTES, this.#stateBytes)) await this.rotate();
  }

  /** Writes the states of all keepers into a new segment and removes what is not needed any more. */
  rotate(): Promise<void> {
    return this.#busy = this.#busy.then(() => this.#guarded(() => this.#rotate()));
  }

  /** Ends the journal of a run that came to its end. Afterwards there is room for its report, also on a full disk. */
  async close({ endMs, early }: Ending): Promise<void> {
    await this.rotate();
    this.#write({ t: "end", ending: { endMs, early: early ?? null } });
    await this.checkpoint();
    this.#file?.close();
    this.#file = undefined;
    await this.options.disk.remove(RESERVE_NAME).catch(() => {});
  }

  async #rotate(): Promise<void> {
    const { disk, config, keepers } = this.options;
    this.flush();
    const from = this.#line - 1;
    const states = keepers.map((keeper) => ({ name: keeper.name, state: keeper.state() }));
    const before = this.#file;
    this.#segment++;
    this.#file = disk.create(segmentName(this.#segment));
    this.#deltaBytes = 0;
    const { segment, line, prev } = { segment: this.#segment, line: this.#line, prev: this.#link };
    this.#write({ t: "head", format: JOURNAL_FORMAT, segment, line, prev, config });
    let bytes = 0;
    for (const { name, state } of states) {
      const head = JSON.stringify({ t: "state", name, from, alone: false });
      const parts = [`${head.slice(0, -1)},"state":`];
      for (const piece of jsonPieces(state)) {
        parts.push(piece);
        await turn();
      }
      bytes += this.#append(`${parts.join("")}}`);
    }
    this.#stateBytes = bytes;
    this.#write({ t: "full" });
    await this.#file.sync();
    before?.close();
    // The generation before stays: the tail of this one may yet be lost.
    for (const name of await disk.names()) {
      const number = segmentOf(name);
      if (number === undefined || number >= this.#full) continue;
      await disk.remove(name);
      this.#bytes.delete(number);
    }
    this.#full = this.#segment;
  }

  /** What was read again is not kept; what it showed to be wrong is, with the state of who found it. */
  #noteOffences(): void {
    for (const keeper of this.options.keepers) {
      if (!("verdict" in keeper)) continue;
      const { offences } = (keeper as unknown as { verdict(): { readonly offences: number } }).verdict();
      const known = this.#offences.get(keeper.name) ?? 0;
      this.#offences.set(keeper.name, offences);
      if (offences === known) continue;
      this.flush();
      this.#write({ t: "state", name: keeper.name, from: this.#line - 1, alone: true, state: keeper.state() });
    }
  }

  #write(record: JournalRecord): number {
    return this.#append(JSON.stringify(record));
  }

  /** Bytes written; 0 when nothing can be. */
  #append(json: string): number {
    if (this.#failure !== undefined || this.#file === undefined) return 0;
    const link = linkOf(this.#link, json);
    const bytes = Buffer.from(`${link} ${json}\n`);
    try {
      this.#file.write(bytes);
    } catch (error) {
      this.#fail(error);
      return 0;
    }
    this.#link = link;
    this.#line++;
    const sum = (this.#bytes.get(this.#segment) ?? 0) + bytes.length;
    this.#bytes.set(this.#segment, sum);
    this.#largest = Math.max(this.#largest, [...this.#bytes.values()].reduce((a, b) => a + b, 0));
    return bytes.length;
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = whyUnwritable(error);
    this.options.failed(this.#failure);
  }
}

/** What is said of a disk without room. */
export const DISK_FULL = "the disk is full";

/** Why nothing can be written, in words. */
export function whyUnwritable(error: unknown): string {
  return isFull(error) ? DISK_FULL : error instanceof Error ? error.message : String(error);
}

/** Whether an error of the system says that there is no room: on the disk, or in the quota. */
export function isFull(error: unknown): boolean {
  return error instanceof Error &&
    (["ENOSPC", "EDQUOT"].includes((error as { code?: string }).code ?? "") ||
      /os error (28|122)\b/.test(error.message));
}

/** Room that is really taken, so that it is there when it is given back. */
async function reserve(disk: JournalDisk): Promise<void> {
  const file = disk.create(RESERVE_NAME);
  try {
    // Not zeros: some file systems do not store them.
    file.write(new Uint8Array(RESERVE_BYTES).fill(1));
    await file.sync();
  } finally {
    file.close();
  }
}
