/**
 * What shrinking has reached, so that it can go on where its budget ended: one small file, written whole after every
 * step forward. The sequence itself stands beside it and does not change.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { isObject, type Json, type JsonObject, parseJson } from "../src/protocol/mod.ts";
import { writeAtomic } from "../src/report/atomic.ts";
import { UsageError } from "../src/cli/parse.ts";
import { planOf, recordingText } from "./export.ts";
import { type MaskEntry, parseMask } from "./mask.ts";
import type { Plan } from "./plan.ts";

export const STATE_FILE = "shrink-state.json";
export const SEQUENCE_FILE = "sequence.json";
const STATE_SCHEMA = "hearthproof.diff-state/1";
/** Largest file of a state that is read, in bytes: hundreds of differences fit many times over. */
const MAX_STATE_BYTES = 67_108_864;

/** What identifies a comparison and lets it be made again. */
export interface StateHead {
  readonly left: string;
  readonly right: string;
  readonly plan: Plan;
  readonly timeOrigin: number;
  /** The learned part of the mask. */
  readonly mask: readonly MaskEntry[];
  readonly calibrationRuns: number;
  /** The transcript that is replayed in place of a sequence. */
  readonly recording?: RecordingHead;
}

/** What identifies a replayed recording. */
export interface RecordingHead {
  readonly path: string;
  /** Cases asked for. */
  readonly only: readonly string[];
  /** Changes with what the transcript holds. */
  readonly digest: string;
}

/** How far one cause was shrunk. */
export interface SavedReduction {
  /** Steps of the sequence that show it. */
  readonly indices: readonly number[];
  /** No single step can be left out any more. */
  readonly removed: boolean;
  /** The steps with smaller values; absent before that part began. */
  readonly steps?: Plan["steps"];
  /** Set once everything is done. */
  readonly confidence?: string;
  readonly attempts: number;
}

/** See the module comment. */
export class ShrinkLedger {
  readonly #saved: Map<string, SavedReduction>;

  private constructor(
    private readonly path: string,
    private readonly head: JsonObject,
    saved: Iterable<readonly [string, SavedReduction]>,
  ) {
    this.#saved = new Map(saved);
  }

  /** Opens the state of a folder; one of another comparison is replaced. */
  static async open(directory: string, head: StateHead): Promise<ShrinkLedger> {
    const path = join(directory, STATE_FILE);
    const fingerprint = fingerprintOf(head);
    const before = await readFile(path).catch(() => undefined);
    const same = isObject(before) && before.fingerprint === fingerprint;
    if (head.recording === undefined) {
      await writeAtomic(
        join(directory, SEQUENCE_FILE),
        recordingText(head.plan, { name: "sequence", timeOrigin: head.timeOrigin }),
      );
    }
    const plain: JsonObject = {
      schema: STATE_SCHEMA,
      fingerprint,
      left: head.left,
      right: head.right,
      calibration_runs: head.calibrationRuns,
      mask: JSON.parse(JSON.stringify(head.mask)),
      ...(head.recording === undefined ? {} : { recording: JSON.parse(JSON.stringify(head.recording)) }),
    };
    const ledger = new ShrinkLedger(path, plain, same ? reductionsOf(before.reductions) : []);
    await ledger.#write();
    return ledger;
  }

  get(key: string): SavedReduction | undefined {
    return this.#saved.get(key);
  }

  async put(key: string, reduction: SavedReduction): Promise<void> {
    this.#saved.set(key, reduction);
    await this.#write();
  }

  async #write(): Promise<void> {
    await writeAtomic(this.path, JSON.stringify({ ...this.head, reductions: Object.fromEntries(this.#saved) }) + "\n");
  }
}

/** What `--resume` needs of a folder besides what {@linkcode ShrinkLedger} reads again. */
export interface ResumedState {
  readonly left: string;
  readonly right: string;
  readonly plan: Plan;
  readonly timeOrigin: number | undefined;
  readonly mask: readonly MaskEntry[];
  readonly calibrationRuns: number;
  readonly recording?: Pick<RecordingHead, "path" | "only">;
}

/** Reads the state of a folder. @throws {UsageError} If there is none that can be read. */
export async function readState(directory: string): Promise<ResumedState> {
  try {
    const value = await readFile(join(directory, STATE_FILE));
    if (!isObject(value) || value.schema !== STATE_SCHEMA) {
      throw new SyntaxError(`Cannot read ${STATE_FILE}: schema is not ${STATE_SCHEMA}`);
    }
    const { left, right, mask, calibration_runs: runs } = value;
    if (typeof left !== "string" || typeof right !== "string" || !Array.isArray(mask)) {
      throw new SyntaxError(`Cannot read ${STATE_FILE}: left, right or mask is missing`);
    }
    const recording = recordingIn(value.recording);
    const { plan, timeOrigin } = recording === undefined
      ? planOf(await Deno.readFile(join(directory, SEQUENCE_FILE)))
      : { plan: { seed: 0, actors: {}, steps: [] }, timeOrigin: undefined };
    return {
      left,
      right,
      plan,
      timeOrigin,
      ...(recording === undefined ? {} : { recording }),
      mask: parseMask(JSON.stringify({ entries: mask })),
      calibrationRuns: typeof runs === "number" ? runs : 0,
    };
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "holds no shrinking to go on with"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new UsageError(`--resume ${directory}: ${why}`);
  }
}

function recordingIn(value: Json | undefined): ResumedState["recording"] {
  if (!isObject(value) || typeof value.path !== "string" || !Array.isArray(value.only)) return undefined;
  return { path: value.path, only: value.only.map(String) };
}

async function readFile(path: string): Promise<Json> {
  const { size } = await Deno.stat(path);
  if (size > MAX_STATE_BYTES) throw new SyntaxError(`Cannot read ${path}: it is larger than ${MAX_STATE_BYTES} bytes`);
  return parseJson(await Deno.readFile(path));
}

function fingerprintOf({ left, right, plan, recording }: StateHead): string {
  const what = recording === undefined ? [plan.seed, plan.actors, plan.steps] : [recording.digest, recording.only];
  return createHash("sha256").update(JSON.stringify([left, right, ...what])).digest("hex");
}

/** What is left of a state that someone edited is what has the right form. */
function reductionsOf(value: Json | undefined): [string, SavedReduction][] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, saved]): [string, SavedReduction][] => {
    if (!isObject(saved) || !Array.isArray(saved.indices) || typeof saved.attempts !== "number") return [];
    if (!saved.indices.every((index) => Number.isSafeInteger(index))) return [];
    return [[key, saved as unknown as SavedReduction]];
  });
}
