/** How much room a run takes at most, from its rate and duration; said at the start and held by the journal. */

import { CHECKPOINT_EVERY_MS, MAX_SEGMENTS, MIN_SEGMENT_BYTES, RESERVE_BYTES } from "./journal.ts";
import { MAX_REMEMBERED } from "./monitors/integrity.ts";
import { MAX_SAMPLES, SAMPLED_SERIES } from "./series.ts";

/** Bytes a call takes in the journal: sending, answer, the event it makes; 420 to 560 in runs and in bounds_bench.ts. */
const BYTES_PER_CALL = 800;
/** Bytes a second takes in the journal that are not of calls: readings of head, manifest, counters, process; 6,000 seen. */
const BYTES_PER_SECOND = 16_000;
/** Bytes of one remembered event, and of one sample, in the states. */
const BYTES_PER_EVENT = 80;
const BYTES_PER_SAMPLE = 40;
/** Bytes of everything else in the states: histograms, rings, callers, thresholds. */
const FIXED_STATE_BYTES = 8_388_608;
/** Memory of the program before it does anything, and of the garbage between two collections. */
const IDLE_BYTES = 301_989_888;
/** Bytes of memory for one byte of states: objects instead of text, the copy that is being written, its text. */
const MEMORY_PER_STATE_BYTE = 8;
/** Bytes a slot of a threshold takes, at most one a second, and a call in it: its bucket. */
const BYTES_PER_SLOT = 150;
const BYTES_PER_SLOT_CALL = 16;
const MS_PER_SECOND = 1000;
const MIB = 1_048_576;

export interface LoadSize {
  /** Calls per second. */
  readonly rate: number;
  readonly durationMs: number;
}

/** Most bytes of one set of states. */
export function stateBound({ rate, durationMs }: LoadSize): number {
  const seconds = durationMs / MS_PER_SECOND;
  const events = Math.min(MAX_REMEMBERED, Math.ceil(rate * seconds));
  const samples = SAMPLED_SERIES * Math.min(MAX_SAMPLES, Math.ceil(seconds * SAMPLES_PER_SECOND));
  return FIXED_STATE_BYTES + events * BYTES_PER_EVENT + samples * BYTES_PER_SAMPLE;
}

/** Samples a series gets at most. */
const SAMPLES_PER_SECOND = 2;

/** Most bytes the journal takes on the disk, its reserve included. */
export function diskBound(load: LoadSize): number {
  const states = stateBound(load);
  const perSecond = load.rate * BYTES_PER_CALL + BYTES_PER_SECOND;
  // A segment is ended at a checkpoint, and grows on while the next one is begun.
  const late = 2 * CHECKPOINT_EVERY_MS / MS_PER_SECOND * perSecond;
  const deltas = Math.min(Math.max(MIN_SEGMENT_BYTES, states), perSecond * load.durationMs / MS_PER_SECOND);
  return MAX_SEGMENTS * (states + deltas + late) + RESERVE_BYTES;
}

/** Most bytes that a shard writes down for so many thresholds of the whole run (window_log.ts). */
export function windowsBound({ rate, durationMs }: LoadSize, thresholds: number): number {
  return thresholds * (BYTES_PER_SLOT + rate * BYTES_PER_SLOT_CALL) * durationMs / MS_PER_SECOND;
}

/** Most bytes of memory the tester takes as a whole. */
export function memoryBound(load: LoadSize): number {
  return IDLE_BYTES + MEMORY_PER_STATE_BYTE * stateBound(load);
}

/** What an announcement is about. */
export interface Announced extends LoadSize {
  readonly folder: string;
  /** Each of several processes remembers what all of them cause. */
  readonly processes?: number;
  /** Thresholds whose windows are written down, since several processes make the run. */
  readonly windows?: number;
  /** Whether the run can be gone on with (run_folder.ts). */
  readonly resumable: boolean;
}

/** The line for the operator. */
export function announcement(load: Announced): string {
  const mib = (bytes: number) => `${Math.ceil(bytes * (load.processes ?? 1) / MIB)} MiB`;
  return `Journal: at most ${
    mib(diskBound(load) + windowsBound(load, load.windows ?? 0))
  } in ${load.folder}, memory at most ${mib(memoryBound(load))}; ` +
    (load.resumable
      ? `a run that is killed goes on with --resume ${load.folder}.`
      : `of a run that is killed, "soak report ${load.folder}" shows what was seen; its container is gone then.`);
}
