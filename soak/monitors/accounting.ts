/** Every event caused by us is acknowledged, observed once, in Lamport order, unchanged. Counted exactly. */

import type { EventEnvelope } from "../../src/protocol/mod.ts";
import { IntervalSet } from "../../src/stats/interval_set.ts";
import {
  type CallDone,
  type LogRead,
  type Monitor,
  type MonitorVerdict,
  type Observation,
  Offences,
} from "../observation.ts";
import type { EventText } from "../event_text.ts";

/** After this many milliseconds an event that was acknowledged and is not in the log is lost. */
export const LOST_AFTER_MS = 8000;
/** An event is late when it is seen this long after its acknowledgement; reading every second takes up one of them. */
const LATE_AFTER_MS = 3000;

interface Expected {
  readonly sequence: number;
  readonly eventId: string;
  readonly lamport: number;
  readonly acknowledgedAt: number;
}

interface Seen {
  readonly eventId: string;
  readonly lamport: number;
  readonly at: number;
}

/** What is known of one caller's writes. Memory: interval sets, and maps of what is under way. */
class Author {
  readonly acknowledged = new IntervalSet();
  readonly observed = new IntervalSet();
  readonly lost = new IntervalSet();
  readonly expected = new Map<number, Expected>();
  /** Observed before the acknowledgement came. */
  readonly early = new Map<number, Seen>();
}

/** Counters of the report's `events`. */
export interface EventCounts {
  readonly sent: number;
  readonly acknowledged: number;
  readonly observed: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly changed: number;
  readonly late: number;
}

/** See the module comment. */
export class AccountingMonitor implements Monitor {
  readonly name = "events";
  readonly #authors = new Map<number, Author>();
  readonly #offences: Offences;
  #sent = 0;
  #duplicated = 0;
  #reordered = 0;
  #changed = 0;
  #late = 0;
  /** Given up as lost, and then observed after all. */
  #found = 0;

  /**
   * @param text Finds our events and says what they must hold.
   * @param readable Whether the target's log can be read at all.
   */
  constructor(private readonly text: EventText, private readonly readable: boolean, startedAt: number) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    if (observation.kind === "call") this.#called(observation);
    else if (observation.kind === "log" && !observation.again) this.#read(observation);
  }

  get counts(): EventCounts {
    const sum = (pick: (author: Author) => number) => [...this.#authors.values()].reduce((n, a) => n + pick(a), 0);
    return {
      sent: this.#sent,
      acknowledged: sum((a) => a.acknowledged.size),
      observed: sum((a) => a.observed.size),
      lost: sum((a) => a.lost.size) - this.#found,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      changed: this.#changed,
      late: this.#late,
    };
  }

  /** Acknowledged events that are neither observed nor given up. */
  get pending(): number {
    return [...this.#authors.values()].reduce((n, author) => n + author.expected.size, 0);
  }

  get firstOffence() {
    return this.#offences.first;
  }

  verdict(): MonitorVerdict {
    const { acknowledged, observed } = this.counts;
    if (!this.readable && this.#offences.count === 0) {
      const outcome = acknowledged === 0 ? "idle" : "inconclusive";
      return { name: this.name, outcome, reason: "the target's log cannot be read", offences: 0 };
    }
    return this.#offences.verdict(
      this.name,
      acknowledged,
      `${acknowledged} acknowledged, ${observed} of ours observed once, in order, unchanged`,
    );
  }

  #author(caller: number): Author {
    let author = this.#authors.get(caller);
    if (author === undefined) this.#authors.set(caller, author = new Author());
    return author;
  }

  #called({ written, wrote, ended }: CallDone): void {
    if (wrote !== undefined) this.#sent++;
    if (written === undefined) return;
    const { caller, sequence, eventId, lamport, floor } = written;
    const author = this.#author(caller);
    author.acknowledged.insert(sequence);
    if (lamport <= floor) {
      this.#reordered++;
      this.#offences.add(
        ended,
        `reordered: event ${eventId} got lamport ${lamport}, though ${floor} was acknowledged before it was asked for`,
      );
    }
    const early = author.early.get(sequence);
    if (early === undefined) {
      author.expected.set(sequence, { sequence, eventId, lamport, acknowledgedAt: ended });
      return;
    }
    author.early.delete(sequence);
    this.#compare(ended, early, written);
  }

  #read({ events, at, complete }: LogRead): void {
    for (const event of events) this.#saw(event, at);
    if (complete) this.#giveUp(at);
  }

  #saw(event: EventEnvelope, at: number): void {
    const ours = this.text.of(event);
    if (ours === undefined) return;
    const { caller, sequence } = ours;
    const author = this.#author(caller);
    if (author.observed.has(sequence)) {
      this.#duplicated++;
      const which = `${event.event_type} ${sequence} of caller ${caller}`;
      this.#offences.add(at, `duplicated: ${which} is in the log again as event ${event.event_id}`);
      return;
    }
    author.observed.insert(sequence);
    if (!ours.unchanged) {
      this.#changed++;
      this.#offences.add(at, `changed: event ${event.event_id} does not hold what was sent`);
    }
    const seen: Seen = { eventId: event.event_id, lamport: event.lamport, at };
    const expected = author.expected.get(sequence);
    if (expected === undefined) {
      if (author.lost.has(sequence)) {
        this.#found++;
        this.#late++;
      } else author.early.set(sequence, seen);
      return;
    }
    author.expected.delete(sequence);
    if (at - expected.acknowledgedAt > LATE_AFTER_MS) this.#late++;
    this.#compare(at, seen, expected);
  }

  #compare(at: number, seen: Seen, told: { readonly eventId: string; readonly lamport: number }): void {
    if (seen.eventId === told.eventId && seen.lamport === told.lamport) return;
    this.#changed++;
    this.#offences.add(
      at,
      `changed: acknowledged as ${told.eventId} at lamport ${told.lamport}, logged as ${seen.eventId} at ${seen.lamport}`,
    );
  }

  /** Only a reading that reached the end of the log proves that something is not in it. */
  #giveUp(at: number): void {
    for (const [caller, author] of this.#authors) {
      for (const expected of author.expected.values()) {
        if (at - expected.acknowledgedAt <= LOST_AFTER_MS) continue;
        author.expected.delete(expected.sequence);
        author.lost.insert(expected.sequence);
        this.#offences.add(
          at,
          `lost: event ${expected.eventId} (caller ${caller}, lamport ${expected.lamport}) was acknowledged and is not in the log`,
        );
      }
      for (const [sequence, early] of author.early) {
        // Its acknowledgement never came: the call failed after the target had written.
        if (at - early.at > LOST_AFTER_MS) author.early.delete(sequence);
      }
    }
  }
}
