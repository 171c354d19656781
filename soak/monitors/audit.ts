/**
 * The audit chain holds: numbers contiguous, links, signatures; what was read once reads the same again, to its end;
 * every reader is shown the same chain. wire-format-experimental.md section 6.
 */

import { AuditWalk, type Json, type WalkFault, type WalkPosition } from "../../src/protocol/mod.ts";
import type { AuditRead, Reached, SeenRecord } from "../audit_reader.ts";
import { type Monitor, type MonitorVerdict, type Observation, type Offence, Offences } from "../observation.ts";

/**
 * Digests remembered. Beyond, every second old one goes: a record that changes while the chain still holds changes
 * the digest of every record after it, so that some point suffices to see it.
 */
export const MAX_DIGESTS = 4096;
/** The latest ones all stay: a tail that was cut is named at its first record. */
const RECENT = 512;
/** Places of breaks remembered, so that reading again does not count them again. */
const MAX_PLACES = 1000;
/** Acknowledged records that were not read yet. */
const MAX_PENDING = 10_000;
/** Alerts of records that were read and not acknowledged yet. */
const MAX_RECENT = 1000;
const WORDS: Readonly<Record<WalkFault, string>> = {
  gap: "does not follow the number of the record before",
  signature: "has no valid signature of the node or the actor",
  link: "does not link to the record before: its prev_sha is another",
};

/** Counters of the report's `audit_chain`. */
export interface AuditCounts {
  readonly judged: boolean;
  /** Records of the chain as far as it was read. */
  readonly entries: number;
  /** Records whose number, link and signature hold, each counted once. */
  readonly verified: number;
  readonly breaks: number;
  readonly rewrites: number;
  readonly equivocations: number;
}

interface State {
  readonly position: WalkPosition | null;
  readonly digests: readonly (readonly [seq: number, digest: string])[];
  readonly pending: readonly (readonly [seq: number, alertId: string, at: number])[];
  readonly places: readonly string[];
  readonly counts: readonly number[];
  readonly offences: Json;
  readonly walks: number;
  readonly readers: readonly number[];
  readonly first_time: string | null;
  readonly last_time: string | null;
}

/** A walk from the first record, of one reader. */
interface FullWalk {
  readonly walk: AuditWalk;
  /** Last number known when it began: all up to here must come. */
  readonly upTo: number;
  /** The record before was another than the remembered one: one change makes all after it differ. */
  differs: boolean;
}

/** See the module comment. The first reader follows the chain; it and the others also read all of it again. */
export class AuditMonitor implements Monitor {
  readonly name = "audit-chain";
  readonly #offences: Offences;
  #walk = new AuditWalk();
  #digests = new Map<number, string>();
  readonly #pending = new Map<number, { readonly alertId: string; readonly at: number }>();
  readonly #recent = new Map<number, string>();
  readonly #places = new Set<string>();
  readonly #full = new Map<number, FullWalk>();
  readonly #readers = new Set<number>();
  #firstTime: string | undefined;
  #lastTime: string | undefined;
  #walks = 0;
  #verified = 0;
  #breaks = 0;
  #rewrites = 0;
  #equivocations = 0;

  /** @param readable Why the chain cannot be read; undefined where it can. */
  constructor(startedAt: number, private readonly unreadable?: string) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    if (observation.kind === "audit") this.#read(observation);
    else if (observation.kind === "call" && observation.audited !== undefined) {
      const { seq, alertId } = observation.audited;
      const read = this.#recent.get(seq);
      if (read !== undefined) this.#sameAlert(observation.ended, seq, alertId, read);
      else if (seq > (this.#walk.position?.seq ?? -1) && this.#pending.size < MAX_PENDING) {
        this.#pending.set(seq, { alertId, at: observation.ended });
      }
    }
  }

  /** Whether a record is one that was read and verified before. */
  knows(seq: number, digest: string): boolean {
    return this.#digests.get(seq) === digest;
  }

  /** How far the chain was read. */
  get reached(): Reached {
    return { first: this.#firstTime, last: this.#lastTime, entries: this.counts.entries };
  }

  get counts(): AuditCounts {
    return {
      judged: this.unreadable === undefined && this.#walks > 0,
      entries: this.#walk.position === undefined ? 0 : this.#walk.position.seq + 1,
      verified: this.#verified,
      breaks: this.#breaks,
      rewrites: this.#rewrites,
      equivocations: this.#equivocations,
    };
  }

  get reason(): string | undefined {
    return this.unreadable ?? (this.#walks === 0 ? "no export of it was answered" : undefined);
  }

  get firstOffence(): Offence | undefined {
    return this.#offences.first;
  }

  state(): Json {
    const state: State = {
      position: this.#walk.position ?? null,
      digests: [...this.#digests],
      pending: [...this.#pending].map(([seq, { alertId, at }]) => [seq, alertId, at]),
      places: [...this.#places],
      counts: [this.#verified, this.#breaks, this.#rewrites, this.#equivocations],
      offences: this.#offences.state(),
      walks: this.#walks,
      readers: [...this.#readers],
      first_time: this.#firstTime ?? null,
      last_time: this.#lastTime ?? null,
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const { position, digests, pending, places, counts, offences, walks, readers, first_time, last_time } =
      stored as unknown as State;
    this.#firstTime = first_time ?? undefined;
    this.#lastTime = last_time ?? undefined;
    this.#walk = new AuditWalk(position ?? undefined);
    this.#digests = new Map(digests);
    for (const [seq, alertId, at] of pending) this.#pending.set(seq, { alertId, at });
    for (const place of places) this.#places.add(place);
    [this.#verified = 0, this.#breaks = 0, this.#rewrites = 0, this.#equivocations = 0] = counts;
    this.#offences.restore(offences);
    this.#walks = walks;
    for (const reader of readers) this.#readers.add(reader);
  }

  verdict(): MonitorVerdict {
    const { name } = this;
    if (this.#offences.count === 0 && this.reason !== undefined) {
      return { name, outcome: "idle", reason: `not judged: ${this.reason}`, offences: 0 };
    }
    const { entries } = this.counts;
    const readers = this.#readers.size;
    const again = `read again from its start ${this.#walks} times by ${readers} ${
      readers === 1 ? "reader" : "readers"
    }`;
    return this.#offences.verdict(name, entries, `${entries} records, ${this.#verified} verified, ${again}`);
  }

  #read(read: AuditRead): void {
    const { at, reader, full, first, last, problem } = read;
    if (problem !== undefined) this.#break(at, `problem:${problem}`, problem);
    if (full) {
      if (first) this.#begin(reader);
      const walk = this.#full.get(reader);
      if (walk === undefined) return;
      for (const record of read.records) this.#again(at, reader, walk, record);
      if (last) this.#end(at, reader, walk);
    } else {
      this.#walks ||= 0;
      for (const record of read.records) this.#follow(at, record);
      if (last) this.#owed(read);
    }
  }

  /** A record of the first reader that may be new. */
  #follow(at: number, record: SeenRecord): void {
    const { time } = record;
    if (time !== "") {
      this.#firstTime ??= time;
      if (this.#lastTime === undefined || time > this.#lastTime) this.#lastTime = time;
    }
    const position = this.#walk.position;
    if (position !== undefined && record.seq <= position.seq) {
      const known = this.#digests.get(record.seq);
      if (known !== undefined && known !== record.digest) this.#rewrite(at, record.seq);
      return;
    }
    const fault = this.#walk.next(record);
    if (fault === undefined) this.#verified++;
    else this.#break(at, `${fault}:${record.seq}`, `record ${record.seq} (${record.event}) ${WORDS[fault]}`);
    this.#remember(record);
    const told = this.#pending.get(record.seq);
    if (told === undefined) this.#keepRecent(record);
    else {
      this.#pending.delete(record.seq);
      this.#sameAlert(at, record.seq, told.alertId, record.alertId);
    }
  }

  #sameAlert(at: number, seq: number, told: string, read: string): void {
    if (told === read) return;
    this.#break(at, `other:${seq}`, `record ${seq} was acknowledged for alert ${told} and is of ${read}`);
  }

  /** A record may be read before the call that made it is answered. */
  #keepRecent({ seq, alertId }: SeenRecord): void {
    this.#recent.set(seq, alertId);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest);
  }

  /** What was acknowledged before the question left must have been in an answer that reached the end. */
  #owed({ at, asked }: AuditRead): void {
    for (const [seq, { alertId, at: acknowledged }] of this.#pending) {
      if (acknowledged >= asked) continue;
      this.#pending.delete(seq);
      this.#break(at, `missing:${seq}`, `record ${seq} was acknowledged for alert ${alertId} and is not in the chain`);
    }
  }

  #begin(reader: number): void {
    const upTo = this.#walk.position?.seq ?? -1;
    this.#full.set(reader, { walk: new AuditWalk(), upTo, differs: false });
  }

  /** A record of a reading from the start. */
  #again(at: number, reader: number, full: FullWalk, record: SeenRecord): void {
    const position = full.walk.position;
    // Slices of an export meet at a second: the same record may come twice.
    if (position !== undefined && record.seq === position.seq && record.whole === position.whole) return;
    const fault = full.walk.next(record);
    const known = this.#digests.get(record.seq);
    if (known === undefined && fault === undefined) return;
    const differs = known !== undefined && known !== record.digest;
    if (differs && !full.differs) {
      if (reader === 0) this.#rewrite(at, record.seq);
      else this.#equivocate(at, `record ${record.seq} is another for a second reader`);
    } else if (fault !== undefined && !differs) {
      this.#break(at, `${fault}:${record.seq}`, `record ${record.seq} (${record.event}) ${WORDS[fault]}`);
    }
    full.differs = differs;
  }

  #end(at: number, reader: number, { walk, upTo }: FullWalk): void {
    this.#full.delete(reader);
    this.#walks++;
    this.#readers.add(reader);
    const reached = walk.position?.seq ?? -1;
    if (reached >= upTo) return;
    const what = `the chain ends at record ${reached}, though record ${upTo} was read before`;
    if (reader === 0) {
      if (this.#isNew(`cut:${reached}`)) this.#rewrites++;
      this.#offences.add(at, `cut: ${what}`);
    } else this.#equivocate(at, `for a second reader ${what}`);
  }

  #rewrite(at: number, seq: number): void {
    if (!this.#isNew(`rewrite:${seq}`)) return;
    this.#rewrites++;
    this.#offences.add(at, `rewritten: record ${seq} is another than what was read before`);
  }

  #equivocate(at: number, what: string): void {
    if (!this.#isNew(`fork:${what}`)) return;
    this.#equivocations++;
    this.#offences.add(at, `equivocation: ${what}`);
  }

  #break(at: number, place: string, what: string): void {
    if (!this.#isNew(place)) return;
    this.#breaks++;
    this.#offences.add(at, `broken: ${what}`);
  }

  #isNew(place: string): boolean {
    if (this.#places.has(place) || this.#places.size >= MAX_PLACES) return false;
    this.#places.add(place);
    return true;
  }

  #remember({ seq, digest }: SeenRecord): void {
    this.#digests.set(seq, digest);
    if (this.#digests.size <= MAX_DIGESTS) return;
    const old = [...this.#digests].slice(0, -RECENT).filter((_, index) => index % 2 === 0);
    this.#digests = new Map([...old, ...[...this.#digests].slice(-RECENT)]);
  }
}
