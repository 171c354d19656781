/**
 * What a shard writes down for the thresholds of the whole run: its slots of calls, one JSON object a line. Percentiles
 * of several testers come from merged histograms, so the histograms are what is kept.
 */

import { isObject, tryParseJson } from "../src/protocol/mod.ts";
import { whyUnwritable } from "./journal.ts";
import type { AppendFile, JournalDisk } from "./journal_disk.ts";
import type { StoredSlot, ToldSlot } from "./threshold_slots.ts";

/** A run that is resumed begins another file. */
const NAME = /^windows-(\d+)\.jsonl$/;

/** See the module comment. */
export class WindowLog {
  #file: AppendFile | undefined;

  /**
   * @param epoch How often the run was resumed.
   * @param failed Told once, when nothing can be written any more.
   */
  constructor(disk: JournalDisk, epoch: number, private readonly failed: (why: string) => void) {
    this.#try(() => this.#file = disk.create(`windows-${epoch}.jsonl`));
  }

  write(slots: readonly ToldSlot[]): void {
    if (slots.length === 0) return;
    const text = slots.map((slot) => `${JSON.stringify(slot)}\n`).join("");
    this.#try(() => this.#file?.write(new TextEncoder().encode(text)));
  }

  /** Waits until all of it survives a loss of power. */
  async close(): Promise<void> {
    try {
      await this.#file?.sync();
    } catch (error) {
      this.failed(whyUnwritable(error));
    }
    this.#file?.close();
    this.#file = undefined;
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#file?.close();
      this.#file = undefined;
      this.failed(whyUnwritable(error));
    }
  }
}

/**
 * The slots of a shard, each once: after a resume some are told again, and then with all that is known of them. A line
 * that is torn does not count.
 */
export async function readWindows(disk: JournalDisk): Promise<readonly ToldSlot[]> {
  const known = new Map<string, ToldSlot>();
  for (const name of (await disk.names()).filter((name) => NAME.test(name))) {
    const bytes = await disk.read(name);
    for (let at = 0; at < bytes.length;) {
      const next = bytes.indexOf(LINE_FEED, at);
      const end = next < 0 ? bytes.length : next;
      const value = tryParseJson(bytes.subarray(at, end)) as unknown;
      if (isTold(value)) keepFuller(known, value);
      at = end + 1;
    }
  }
  return [...known.values()];
}

const LINE_FEED = 10;

/** Keeps of two tellings of one slot the one with more calls. */
export function keepFuller(known: Map<string, ToldSlot>, told: ToldSlot): void {
  const key = `${told.k}/${told.i}`;
  const before = known.get(key);
  if (before === undefined || before.slot.calls < told.slot.calls) known.set(key, told);
}

function isTold(value: unknown): value is ToldSlot {
  return isObject(value) && typeof value.k === "number" && typeof value.i === "number" && isSlot(value.slot);
}

function isSlot(value: unknown): value is StoredSlot {
  return isObject(value) && typeof value.calls === "number" && typeof value.errors === "number" &&
    (value.latency === null || isObject(value.latency));
}
