/** What a coordinator and its workers say to each other: one JSON object a line, over standard input and output. */

import type { StoredLatency } from "../src/stats/latency_histogram.ts";
import type { Standing } from "./standing.ts";
import type { ToldSlot } from "./threshold_slots.ts";

/** What a worker is to do; the first line of its input. */
export interface Job {
  /** Options of the run as the command line of the coordinator had them, with those of this worker on top. */
  readonly options: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Present where the coordinator has started the target. */
  readonly target?: StartedTarget;
}

/** A target that the coordinator has started and steers. */
export interface StartedTarget {
  readonly url: string;
  /** Seeds of the keys of the community and of the node, in hex. */
  readonly rootSeed: string;
  readonly nodeSeed: string;
  /** What the report calls it. */
  readonly named: { readonly kind: string; readonly url: string };
  readonly embedded: boolean;
  /** Where its resources are seen; only one worker looks at them. */
  readonly watched?: { readonly pid: number | null; readonly data?: string; readonly memory: boolean };
}

/** Something done to the target once all workers have asked for it. */
export type Act =
  | { readonly what: "restart"; readonly how: "SIGTERM" | "SIGKILL"; readonly awayMs: number }
  | { readonly what: "signal"; readonly signal: Deno.Signal };

/** From a worker. */
export type FromWorker =
  /** It stands before its first call. */
  | { readonly kind: "ready" }
  | { readonly kind: "standing"; readonly standing: Standing }
  /** Latencies of all its calls so far. */
  | { readonly kind: "latency"; readonly latency: StoredLatency }
  /** What is new for the thresholds of the run; all up to this run time in seconds is told then. */
  | { readonly kind: "windows"; readonly slots: readonly ToldSlot[]; readonly upTo_s: number }
  /** A line for the operator; `out` ones belong to the result. */
  | { readonly kind: "line"; readonly to: "out" | "err"; readonly text: string }
  /** The act with this number is due: it is announced in the worker's journal. */
  | { readonly kind: "act"; readonly number: number; readonly act: Act }
  | { readonly kind: "memory"; readonly number: number }
  /** Its run is over; `early` says why before its time. */
  | { readonly kind: "over"; readonly code: number; readonly early: string | null };

/** To a worker, after its job. */
export type ToWorker =
  /** All are ready. */
  | { readonly kind: "go" }
  /** End gracefully. */
  | { readonly kind: "end"; readonly why: string }
  | {
    readonly kind: "done";
    readonly number: number;
    readonly pid: number | null;
    readonly failure?: string;
  }
  | { readonly kind: "memory"; readonly number: number; readonly bytes: number | null };

/** Longest line in characters that is taken: a job with many options stays far below. */
const MAX_LINE = 1_048_576;

/**
 * The lines of a stream as JSON values, until it ends.
 *
 * @throws {RangeError} If a line is longer than a message can be.
 */
export async function* messagesOf<T>(input: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      if (line !== "") yield JSON.parse(line) as T;
    }
    if (text.length > MAX_LINE) throw new RangeError(`Cannot read a message: current length is ${text.length}`);
  }
}
