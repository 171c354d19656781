/** The log's integrity: heads never go back, signatures are valid, history does not change when it is read again. */

import type { Json, Random } from "../../src/protocol/mod.ts";
import type { SeenEvent } from "../seen_event.ts";
import { type LogRead, type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

/** Events remembered with their digest; some 200 bytes each. Beyond, random ranges are forgotten. */
export const MAX_REMEMBERED = 50_000;
/** Lamport values in one range: what is forgotten and read again together. */
export const RANGE = 256;

interface IntegrityState {
  readonly known: readonly (readonly [id: string, lamport: number, digest: string, seen_s?: number])[];
  readonly observed: number;
  readonly head: number;
  readonly owed: number;
  readonly reread: number;
  readonly offences: Json;
}

/** An event as it was read. */
interface Known {
  readonly lamport: number;
  /** As the reader that follows the log was shown it last. */
  digest: string;
  /** Second of the run in which it was seen last. */
  seen_s: number;
}

const MS_PER_SECOND = 1000;

/** See the module comment. */
export class IntegrityMonitor implements Monitor {
  readonly name = "log-integrity";
  readonly #ranges = new Map<number, Map<string, Known>>();
  readonly #offences: Offences;
  #remembered = 0;
  #observed = 0;
  #head = 0;
  #owed = 0;
  #reread = 0;

  constructor(private readonly random: Random, startedAt: number) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    if (observation.kind === "head") {
      const { head, acknowledged, at } = observation;
      if (head < this.#head) this.#offences.add(at, `head went back from ${this.#head} to ${head}`);
      else if (head < this.#owed) {
        this.#offences.add(at, `head is ${head} though an event of lamport ${this.#owed} was acknowledged long before`);
      }
      // The next reading must be above what is acknowledged now: a head may be told a moment late, not a second.
      this.#owed = acknowledged;
      this.#head = Math.max(this.#head, head);
    } else if (observation.kind === "log") {
      if (observation.again) this.#compare(observation);
      else for (const event of observation.events) this.#remember(event, observation.at);
    }
  }

  state(): Json {
    const state: IntegrityState = {
      known: [...this.#ranges.values()].flatMap((known) =>
        [...known].map(([id, { lamport, digest, seen_s }]) => [id, lamport, digest, seen_s] as const)
      ),
      observed: this.#observed,
      head: this.#head,
      owed: this.#owed,
      reread: this.#reread,
      offences: this.#offences.state(),
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const state = stored as unknown as IntegrityState;
    for (const [id, lamport, digest, seen_s = 0] of state.known) {
      this.#range(lamport).set(id, { lamport, digest, seen_s });
    }
    this.#remembered = state.known.length;
    this.#observed = state.observed;
    this.#head = state.head;
    this.#owed = state.owed;
    this.#reread = state.reread;
    this.#offences.restore(state.offences);
  }

  /** Lamport value above which one remembered range lies, chosen at random; undefined if there is none. */
  pickRange(): number | undefined {
    const ranges = [...this.#ranges.keys()];
    return ranges.length === 0 ? undefined : this.random.pick(ranges) * RANGE - 1;
  }

  /** Lamport values above which the remembered history lies, first range first. */
  get rangeStarts(): readonly number[] {
    return [...this.#ranges.keys()].sort((a, b) => a - b).map((range) => range * RANGE - 1);
  }

  get reread(): number {
    return this.#reread;
  }

  get offences(): number {
    return this.#offences.count;
  }

  verdict(): MonitorVerdict {
    return this.#offences.verdict(
      this.name,
      this.#observed,
      `${this.#observed} events with valid signatures, ${this.#reread} of them read again unchanged, head ${this.#head}`,
    );
  }

  #range(lamport: number) {
    const range = Math.floor(lamport / RANGE);
    let known = this.#ranges.get(range);
    if (known === undefined) this.#ranges.set(range, known = new Map());
    return known;
  }

  #remember(event: SeenEvent, at: number): void {
    this.#observed++;
    if (!event.valid) this.#offences.add(at, `event ${event.event_id} has no valid signature of its author`);
    const known = this.#range(event.lamport);
    const before = known.get(event.event_id);
    const { digest } = event;
    if (before !== undefined && before.digest !== digest) {
      this.#offences.add(
        at,
        `rewritten: event ${event.event_id} at lamport ${event.lamport} differs from what was read before`,
      );
    }
    if (before === undefined) this.#remembered++;
    const seen_s = Math.floor(at / MS_PER_SECOND);
    known.set(event.event_id, { lamport: event.lamport, digest: before?.digest ?? digest, seen_s });
    if (this.#remembered > MAX_REMEMBERED) this.#forget();
  }

  /** Forgets a range from the middle: the first and the latest history stay. */
  #forget(): void {
    const ranges = [...this.#ranges.keys()].sort((a, b) => a - b).slice(1, -1);
    if (ranges.length === 0) return;
    const range = this.random.pick(ranges);
    this.#remembered -= this.#ranges.get(range)?.size ?? 0;
    this.#ranges.delete(range);
  }

  /** What was remembered of the stretch must be in the answer, with the same bytes. */
  #compare({ events, after, at, upTo, reader = 0 }: LogRead): void {
    const who = reader === 0 ? "" : "equivocation, for a second reader: ";
    const found = new Map(events.map((event) => [event.event_id, event]));
    for (const [range, known] of this.#ranges) {
      if (range < Math.floor(after / RANGE) || range > Math.floor(upTo / RANGE)) continue;
      for (const [id, one] of known) {
        const { lamport, digest, seen_s } = one;
        if (lamport <= after || lamport > upTo) continue;
        const event = found.get(id);
        this.#reread++;
        if (event === undefined) {
          // It was lost after it was seen last, whenever that is noticed; what follows from the loss comes later.
          this.#offences.add(
            reader === 0 ? seen_s * MS_PER_SECOND : at,
            `${who}forgotten: event ${id} at lamport ${lamport} was in the log and is not any more`,
          );
          if (reader === 0 && known.delete(id)) this.#remembered--;
        } else if (event.digest !== digest) {
          this.#offences.add(
            at,
            `${who}rewritten: event ${id} at lamport ${lamport} differs from what was read before`,
          );
          // Told once; a second reader is held against what the first is shown now.
          if (reader === 0) one.digest = event.digest;
        } else if (reader === 0) one.seen_s = Math.floor(at / MS_PER_SECOND);
      }
    }
  }
}
