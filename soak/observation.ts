/** What monitors see and say. A monitor is a file in monitors/ with one interface; the engine feeds all of them alike. */

import type { EventEnvelope } from "../src/protocol/mod.ts";

/** An event a call of ours made the target write. */
export interface Written {
  /** Number of the caller, and of its writes from 0. */
  readonly caller: number;
  readonly sequence: number;
  readonly eventId: string;
  readonly lamport: number;
  /** Highest Lamport value acknowledged to us before this call left. */
  readonly floor: number;
}

/** A finished call. Times are `mono()` milliseconds. */
export interface CallDone {
  readonly kind: "call";
  readonly capability: string;
  readonly due: number;
  readonly started: number;
  readonly ended: number;
  /** `ok`, an error code, or how the wire failed. */
  readonly code: string;
  readonly written?: Written;
  /** A write was sent, whatever came of it. */
  readonly wrote?: { readonly caller: number; readonly sequence: number };
  /** What a stream lacked; absent for sound streams and for other calls. */
  readonly streamProblem?: string;
  /** The target's clock in its answer, milliseconds since the epoch, and ours at that moment. */
  readonly clocks?: { readonly target: number; readonly ours: number };
}

/** Events read from the log, in the order they came, from above `after`. */
export interface LogRead {
  readonly kind: "log";
  readonly at: number;
  readonly after: number;
  readonly events: readonly EventEnvelope[];
  /** Nothing above these events was there. */
  readonly complete: boolean;
  /** Reads history again that was seen before. */
  readonly again: boolean;
  /** Up to this Lamport value everything that had been seen when the question left must be there. */
  readonly upTo: number;
}

/** The head of the log as the target reports it. */
export interface HeadRead {
  readonly kind: "head";
  readonly at: number;
  readonly head: number;
  /** Highest Lamport value acknowledged before the question left. */
  readonly acknowledged: number;
}

/** `GET /manifest`. */
export interface ManifestRead {
  readonly kind: "manifest";
  readonly at: number;
  /** Milliseconds since the epoch at the answer. */
  readonly wall: number;
  readonly manifest: unknown;
}

/** One value of a series. */
export interface Sample {
  readonly kind: "sample";
  readonly series: string;
  readonly at: number;
  readonly value: number;
}

/** The target was restarted, stopped or killed, or was found so. */
export interface Interruption {
  readonly kind: "interruption";
  readonly at: number;
  readonly why: string;
}

export type Observation = CallDone | LogRead | HeadRead | ManifestRead | Sample | Interruption;

/** The first thing that was wrong. */
export interface Offence {
  /** Seconds from the start of the run. */
  readonly at_s: number;
  readonly what: string;
}

/** Three-way outcome of a monitor; `idle` means that nothing was there to judge. */
export interface MonitorVerdict {
  readonly name: string;
  readonly outcome: "sound" | "violated" | "inconclusive" | "idle";
  readonly reason: string;
  readonly offences: number;
  readonly first_offence?: Offence;
}

/** See the module comment. */
export interface Monitor {
  readonly name: string;
  observe(observation: Observation): void;
  verdict(): MonitorVerdict;
}

/** Collects offences: counts all, keeps the first. */
export class Offences {
  #count = 0;
  #first: Offence | undefined;

  /** @param startedAt `mono()` at the start of the run. */
  constructor(private readonly startedAt: number) {}

  add(at: number, what: string): void {
    this.#count++;
    this.#first ??= { at_s: Math.max(0, (at - this.startedAt) / 1000), what };
  }

  get count(): number {
    return this.#count;
  }

  get first(): Offence | undefined {
    return this.#first;
  }

  /** The verdict of a monitor that only counts offences. */
  verdict(name: string, observed: number, sound: string): MonitorVerdict {
    if (this.#first !== undefined) {
      const { what } = this.#first;
      return { name, outcome: "violated", reason: what, offences: this.#count, first_offence: this.#first };
    }
    if (observed === 0) return { name, outcome: "idle", reason: "nothing was observed", offences: 0 };
    return { name, outcome: "sound", reason: sound, offences: 0 };
  }
}
