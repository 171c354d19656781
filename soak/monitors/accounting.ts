/** Every event caused by us is acknowledged, observed once, in Lamport order, unchanged. Counted exactly. */

import type { Json } from "../../src/protocol/mod.ts";
import { type Interval, IntervalSet } from "../../src/stats/interval_set.ts";
import {
  type CallDone,
  type LogRead,
  type Monitor,
  type MonitorVerdict,
  type Observation,
  Offences,
} from "../observation.ts";
import type { SeenEvent } from "../seen_event.ts";

/** After this many milliseconds an event that was acknowledged and is not in the log is lost. */
export const LOST_AFTER_MS = 8000;
/** An event is late when it is seen this long after its acknowledgement; reading every second takes up one of them. */
const LATE_AFTER_MS = 3000;

/** The log is read every second; an event that two readings did not show is looked for by itself. */
const OVERDUE_AFTER_MS = 2500;

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
  readonly sent = new IntervalSet();
  readonly acknowledged = new IntervalSet();
  readonly observed = new IntervalSet();
  readonly lost = new IntervalSet();
  readonly expected = new Map<number, Expected>();
  /** Observed before the acknowledgement came. */
  readonly early = new Map<number, Seen>();
}

type Stored = readonly [sequence: number, eventId: string, lamport: number, at: number];

/** Stored form of one author. */
export interface AuthorState {
  readonly author: number;
  readonly sent: readonly Interval[];
  readonly acknowledged: readonly Interval[];
  readonly observed: readonly Interval[];
  readonly lost: readonly Interval[];
  readonly expected: readonly Stored[];
  readonly early: readonly Stored[];
}

/** Stored form of the accounting. */
export interface AccountingState {
  readonly authors: readonly AuthorState[];
  readonly duplicated: number;
  readonly reordered: number;
  readonly changed: number;
  readonly late: number;
  readonly found: number;
  readonly resumed_at: number;
  readonly away: boolean;
  readonly offences: Json;
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
  #duplicated = 0;
  #reordered = 0;
  #changed = 0;
  #late = 0;
  /** Given up as lost, and then observed after all. */
  #found = 0;
  /** End of the latest gap: nobody could look before it. */
  #resumedAt = 0;
  #away = false;

  /** @param readable Whether the target's log can be read at all. */
  constructor(private readonly readable: boolean, startedAt: number) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    switch (observation.kind) {
      case "sending":
        this.#author(observation.caller).sent.insert(observation.sequence);
        break;
      case "call":
        this.#called(observation);
        break;
      case "log":
        if (!observation.again) this.#read(observation);
        break;
      case "interruption":
        this.#away = true;
        break;
      case "resumption":
        this.#away = false;
        this.#resumedAt = observation.at;
        break;
    }
  }

  state(): Json {
    const stored = (author: Author, number: number): AuthorState => ({
      author: number,
      sent: author.sent.toJSON(),
      acknowledged: author.acknowledged.toJSON(),
      observed: author.observed.toJSON(),
      lost: author.lost.toJSON(),
      expected: [...author.expected.values()].map((e) => [e.sequence, e.eventId, e.lamport, e.acknowledgedAt]),
      early: [...author.early].map(([sequence, seen]) => [sequence, seen.eventId, seen.lamport, seen.at]),
    });
    const state: AccountingState = {
      authors: [...this.#authors].map(([number, author]) => stored(author, number)),
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      changed: this.#changed,
      late: this.#late,
      found: this.#found,
      resumed_at: this.#resumedAt,
      away: this.#away,
      offences: this.#offences.state(),
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const state = stored as unknown as AccountingState;
    for (const known of state.authors) {
      const author = this.#author(known.author);
      for (const set of ["sent", "acknowledged", "observed", "lost"] as const) {
        author[set].addAll(IntervalSet.fromJSON(known[set]));
      }
      for (const [sequence, eventId, lamport, acknowledgedAt] of known.expected) {
        author.expected.set(sequence, { sequence, eventId, lamport, acknowledgedAt });
      }
      for (const [sequence, eventId, lamport, at] of known.early) author.early.set(sequence, { eventId, lamport, at });
    }
    this.#duplicated = state.duplicated;
    this.#reordered = state.reordered;
    this.#changed = state.changed;
    this.#late = state.late;
    this.#found = state.found;
    this.#resumedAt = state.resumed_at;
    this.#away = state.away;
    this.#offences.restore(state.offences);
  }

  get counts(): EventCounts {
    const sum = (pick: (author: Author) => number) => [...this.#authors.values()].reduce((n, a) => n + pick(a), 0);
    return {
      sent: sum((a) => a.sent.size),
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

  /** Whether a write of ours was seen in the log. */
  knows(caller: number, sequence: number): boolean {
    return this.#authors.get(caller)?.observed.has(sequence) ?? false;
  }

  /** Whether a write of ours was acknowledged. */
  answered(caller: number, sequence: number): boolean {
    return this.#authors.get(caller)?.acknowledged.has(sequence) ?? false;
  }

  /** Acknowledged events that should have been seen by now, at most `count`, with Lamport values below a limit. */
  overdue(at: number, count: number, below: number): readonly { readonly eventId: string; readonly lamport: number }[] {
    const found: Expected[] = [];
    for (const { expected } of this.#authors.values()) {
      for (const one of expected.values()) {
        if (found.length >= count) return found;
        if (one.lamport < below && this.#waited(one.acknowledgedAt, at) > OVERDUE_AFTER_MS) found.push(one);
      }
    }
    return found;
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
    if (wrote !== undefined) this.#author(wrote.caller).sent.insert(wrote.sequence);
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

  #read({ events, at, asked, complete }: LogRead): void {
    for (const event of events) this.#saw(event, at);
    // A slow answer tells of the log as it was when the question left.
    if (complete) this.#giveUp(asked ?? at);
  }

  #saw(event: SeenEvent, at: number): void {
    const ours = event.own;
    if (ours === undefined) return;
    const { caller, sequence } = ours;
    const author = this.#author(caller);
    if (author.observed.has(sequence)) {
      this.#duplicated++;
      const which = `${event.type} ${sequence} of caller ${caller}`;
      this.#offences.add(at, `duplicated: ${which} is in the log again as event ${event.event_id}`);
      return;
    }
    author.observed.insert(sequence);
    // The tester may have died between sending it and writing down that it did.
    author.sent.insert(sequence);
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
    if (this.#waited(expected.acknowledgedAt, at) > LATE_AFTER_MS) this.#late++;
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

  /** Milliseconds in which an event could have been seen. */
  #waited(since: number, at: number): number {
    return this.#away ? 0 : at - Math.max(since, this.#resumedAt);
  }

  /** Only a reading that reached the end of the log proves that something is not in it. */
  #giveUp(at: number): void {
    for (const [caller, author] of this.#authors) {
      for (const expected of author.expected.values()) {
        if (this.#waited(expected.acknowledgedAt, at) <= LOST_AFTER_MS) continue;
        author.expected.delete(expected.sequence);
        author.lost.insert(expected.sequence);
        // It happened when it was acknowledged, whenever it is noticed.
        this.#offences.add(
          expected.acknowledgedAt,
          `lost: event ${expected.eventId} (caller ${caller}, lamport ${expected.lamport}) was acknowledged and is not in the log`,
        );
      }
      for (const [sequence, early] of author.early) {
        // Its acknowledgement never came: the call failed after the target had written.
        if (this.#waited(early.at, at) > LOST_AFTER_MS) author.early.delete(sequence);
      }
    }
  }
}
