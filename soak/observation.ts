/** What monitors see and say. A monitor is a file in monitors/ with one interface; the engine feeds all of them alike. */

import type { Json } from "../src/protocol/mod.ts";
import type { AuditRead } from "./audit_reader.ts";
import type { MessageRead } from "./subscriber.ts";
import type { Keeper } from "./monitors/monitor.ts";
import type { SeenEvent } from "./seen_event.ts";

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

/** A write is about to leave. What of these was never finished is resolved by looking into the log. */
export interface WriteSending {
  readonly kind: "sending";
  readonly at: number;
  readonly caller: number;
  readonly sequence: number;
}

/** A finished call. Times are `mono()` milliseconds of the run. */
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
  /** An event the answer names that carries no mark of ours. */
  readonly named?: { readonly eventId: string; readonly lamport: number };
  /** The audit record a call of ours made the target write, as it says. */
  readonly audited?: { readonly seq: number; readonly alertId: string };
  /** Post or alert of ours that this call was to end. */
  readonly ends?: string;
  /** What a stream lacked; absent for sound streams and for other calls. */
  readonly streamProblem?: string;
  /** The target's clock in its answer, milliseconds since the epoch, and ours at that moment. */
  readonly clocks?: { readonly target: number; readonly ours: number };
}

/** Events read from the log, in the order they came, from above `after`. */
export interface LogRead {
  readonly kind: "log";
  readonly at: number;
  /** When the question left; absent: at once before. What was acknowledged later may be missing in the answer. */
  readonly asked?: number;
  readonly after: number;
  readonly events: readonly SeenEvent[];
  /** Nothing above these events was there. */
  readonly complete: boolean;
  /** Reads history again that was seen before. */
  readonly again: boolean;
  /** Which reader it was; absent: the one that follows the log. */
  readonly reader?: number;
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

/** A reading of the target's own metrics: what of it is wrong, so that it costs the journal little. */
export interface MetricsRead {
  readonly kind: "metrics";
  readonly at: number;
  /** When the reading before was, with which it was compared. */
  readonly since: number;
  /** Counters that were compared. */
  readonly counters: number;
  /** Those that fell, by name and labels. */
  readonly fallen: readonly { readonly key: string; readonly before: number; readonly after: number }[];
}

/** One value of a series. */
export interface Sample {
  readonly kind: "sample";
  readonly series: string;
  readonly at: number;
  readonly value: number;
}

/** The target was restarted, stopped or killed on purpose, or the tester was away: the start of a declared gap. */
export interface Interruption {
  readonly kind: "interruption";
  readonly at: number;
  readonly why: string;
  /** It was the tester that was away, not the target. */
  readonly testerAway?: boolean;
}

/** The end of the latest gap that is still open; nothing is judged from its start to here. */
export interface Resumption {
  readonly kind: "resumption";
  readonly at: number;
}

/** What was under way when the tester died has been looked for in the log, for all absences that began by `from`. */
export interface LookedBehind {
  readonly kind: "looked-behind";
  readonly at: number;
  readonly from: number;
}

/** The target was ended on purpose and did not come up again when it was started. */
export interface NotBack {
  readonly kind: "not-back";
  readonly at: number;
  readonly why: string;
}

export type Observation =
  | CallDone
  | WriteSending
  | LogRead
  | HeadRead
  | ManifestRead
  | Sample
  | AuditRead
  | MetricsRead
  | MessageRead
  | Interruption
  | Resumption
  | LookedBehind
  | NotBack;

/**
 * Whether the journal keeps it. Reading history again teaches nothing new while it is sound; what it finds wrong is
 * kept with the state of the keeper that found it.
 */
export function isKept(observation: Observation): boolean {
  return !("again" in observation && observation.again);
}

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
  /** The one found last; absent where there is only one. */
  readonly last_offence?: Offence;
}

/** See the module comment. */
export interface Monitor extends Keeper {
  verdict(): MonitorVerdict;
}

/** Collects offences: counts all, keeps the one that happened first and the one found last. */
export class Offences {
  #count = 0;
  #first: Offence | undefined;
  #last: Offence | undefined;

  /** @param startedAt `mono()` at the start of the run. */
  constructor(private readonly startedAt: number) {}

  add(at: number, what: string): void {
    this.#count++;
    const at_s = Math.max(0, (at - this.startedAt) / 1000);
    this.#last = { at_s, what };
    // What is noticed late, such as a loss, may have happened first.
    if (this.#first === undefined || at_s < this.#first.at_s) this.#first = { at_s, what };
  }

  state(): Json {
    const kept = (one: Offence | undefined) => one === undefined ? null : { at_s: one.at_s, what: one.what };
    return { count: this.#count, first: kept(this.#first), last: kept(this.#last) };
  }

  restore(state: Json): void {
    const { count, first, last } = state as unknown as {
      readonly count: number;
      readonly first: Offence | null;
      readonly last?: Offence | null;
    };
    this.#count = count;
    this.#first = first ?? undefined;
    this.#last = last ?? undefined;
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
      const last = this.#last === undefined || this.#count < 2 ? {} : { last_offence: this.#last };
      return { name, outcome: "violated", reason: what, offences: this.#count, first_offence: this.#first, ...last };
    }
    if (observed === 0) return { name, outcome: "idle", reason: "nothing was observed", offences: 0 };
    return { name, outcome: "sound", reason: sound, offences: 0 };
  }
}
