/** What is read beside the load, at intervals: log, head, manifest, process, and the tester's own event loop. */

import { CALL_HEADERS, type Clock, type EventEnvelope, isObject, tryParseJson } from "../src/protocol/mod.ts";
import type { HttpAnswer, HttpRequest } from "../src/wire/mod.ts";
import type { AuditReader } from "./audit_reader.ts";
import { looksLikeEvent } from "../src/target/observer.ts";
import type { Instrument } from "./instrument.ts";
import type { IntegrityMonitor } from "./monitors/integrity.ts";
import type { Observation } from "./observation.ts";
import type { SeenEvent } from "./seen_event.ts";
import { subscribe } from "./subscriber.ts";
import { type Sights, TargetWatch } from "./watch_target.ts";

/** Milliseconds between two readings. */
const LOG_EVERY_MS = 1000;
const HEAD_EVERY_MS = 1000;
const REREAD_EVERY_MS = 5000;
const MANIFEST_EVERY_MS = 5000;
const METRICS_EVERY_MS = 1000;
/** Subscriptions kept over the run. */
const SUBSCRIBERS = 3;
const LOOP_EVERY_MS = 100;
/** Longest distance of two looks at the process, and the number of looks a run should have. */
const MAX_SAMPLE_MS = 5000;
const MIN_SAMPLE_MS = 500;
const LOOKS_PER_RUN = 720;
/** Distance of two readings of what is new in the audit chain. */
const AUDIT_EVERY_MS = 2000;
/** Readings of the whole audit chain a run should have, and their least and greatest distance. */
const WALKS_PER_RUN = 6;
const MIN_WALK_MS = 8000;
const MAX_WALK_MS = 1_800_000;
/** Answers to one reading of the log at most: 200,000 events with pages of 1,000. */
const MAX_PAGES = 200;

export interface WatchOptions {
  readonly clock: Clock;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly communityId: string;
  /** Head before the run; nothing below is ours. */
  readonly headBefore: number;
  /** Whether the log can be read (design.md "Observing events"). */
  readonly readable: boolean;
  readonly sights: Sights;
  /** Whether the target has topics to subscribe to. */
  readonly pubsub: boolean;
  /** NodeID in whose name a second reader of the log asks. */
  readonly secondReader?: string;
  readonly exchange: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly acknowledged: () => number;
  readonly observe: (observation: Observation) => void;
  readonly see: (event: EventEnvelope) => SeenEvent;
  readonly integrity: IntegrityMonitor;
  readonly instrument: Instrument;
  /** How far the log was read before: by this run before it was resumed, or not at all. */
  readonly reached: LogPosition;
  /** Absent where the audit chain cannot be read. */
  readonly audit?: AuditReader;
}

/** How far the log was read. */
export interface LogPosition {
  readonly lamport: number;
  /** Events read at this Lamport value: a page may end among them. */
  readonly edge: readonly string[];
}

/** One page of the log above a Lamport value; undefined if the target did not answer with events. */
type Page = readonly SeenEvent[] | undefined;

/** See the module comment. */
export class Watch {
  #cursor: number;
  /** Events at the last Lamport value read: a page may end among them. */
  #edge = new Set<string>();
  #reading: Promise<boolean> | undefined;
  #reader = 0;

  constructor(private readonly options: WatchOptions) {
    this.#cursor = Math.max(options.headBefore, options.reached.lamport);
    this.#edge = new Set(options.reached.edge);
  }

  /** Starts everything; it ends with the signal. */
  start(signal: AbortSignal): Promise<unknown> {
    const { clock, durationMs, readable, audit, pubsub, sights, exchange, observe } = this.options;
    const target = new TargetWatch({ clock, sights, exchange, observe });
    const walkMs = Math.min(MAX_WALK_MS, Math.max(MIN_WALK_MS, durationMs / WALKS_PER_RUN));
    const sampleMs = Math.min(MAX_SAMPLE_MS, Math.max(MIN_SAMPLE_MS, durationMs / LOOKS_PER_RUN));
    const every = (ms: number, work: () => Promise<unknown>) => this.#every(ms, work, signal);
    return Promise.all([
      ...(readable ? [every(LOG_EVERY_MS, () => this.readLog()), every(REREAD_EVERY_MS, () => this.rereadSome())] : []),
      ...(audit === undefined
        ? []
        : [every(AUDIT_EVERY_MS, () => audit.readNew()), every(walkMs, () => this.walkAudit())]),
      every(HEAD_EVERY_MS, () => this.readHead()),
      every(MANIFEST_EVERY_MS, () => this.readManifest()),
      every(sampleMs, () => target.look()),
      every(Math.max(METRICS_EVERY_MS, sampleMs), () => target.readMetrics()),
      ...(pubsub ? [subscribe({ clock, exchange, observe, count: SUBSCRIBERS }, signal)] : []),
      every(sampleMs, () => {
        this.#note("tester.heap", Deno.memoryUsage().heapUsed);
        return Promise.resolve();
      }),
      this.#loopLag(signal),
    ]);
  }

  /** Reads what is new in the log; false if the target did not answer. One reading at a time. */
  readLog(): Promise<boolean> {
    return this.#reading ??= this.#readNew().finally(() => this.#reading = undefined);
  }

  async readHead(): Promise<void> {
    const { communityId, clock, observe } = this.options;
    const acknowledged = this.options.acknowledged();
    const answer = await this.options.exchange({ method: "GET", path: "/sync/v1/heads", headers: [] });
    const body = answer.status === 200 ? tryParseJson(answer.body) : undefined;
    if (!isObject(body)) return;
    const head = typeof body.head === "number" ? body.head : body[communityId];
    if (typeof head === "number") observe({ kind: "head", at: clock.mono(), head, acknowledged });
  }

  async readManifest(): Promise<void> {
    const { clock, observe } = this.options;
    const answer = await this.options.exchange({ method: "GET", path: "/manifest", headers: [] });
    if (answer.status === 0) return;
    observe({ kind: "manifest", at: clock.mono(), wall: clock.wall(), manifest: tryParseJson(answer.body) });
  }

  /** Reads the whole audit chain as every reader, one after the other. */
  async walkAudit(): Promise<void> {
    const { audit } = this.options;
    if (audit === undefined) return;
    await audit.readNew();
    for (let reader = 0; reader < audit.readers; reader++) await audit.readAll(reader);
  }

  /** Reads one remembered range of history again. */
  async rereadSome(): Promise<void> {
    const after = this.options.integrity.pickRange();
    if (after === undefined) return;
    // Every second time as somebody else too, right after itself: both must be shown the same, and what was changed for
    // both is no equivocation.
    this.#reader = this.options.secondReader === undefined ? 0 : 1 - this.#reader;
    await this.#reread(after);
    if (this.#reader === 1) await this.#reread(after, 1);
  }

  /** Reads all of the history of this run again. */
  async rereadAll(): Promise<void> {
    let from = -1;
    for (const after of this.options.integrity.rangeStarts) {
      if (after < from) continue;
      const upTo = await this.#reread(after);
      if (upTo === undefined) return;
      from = upTo;
    }
  }

  /** Lamport value up to which the page reached, Infinity at the end of the log; undefined without an answer. */
  async #reread(after: number, reader = 0): Promise<number | undefined> {
    // What is read into memory while the answer is under way may not be expected in it.
    const known = this.#cursor;
    const page = await this.page(after, reader);
    if (page === undefined) return undefined;
    const last = Math.max(after, ...page.map(({ lamport }) => lamport));
    const next = page.length === 0 ? [] : await this.page(last, reader);
    const complete = next !== undefined && next.length === 0;
    const upTo = Math.min(known, complete ? Infinity : last - 1);
    this.options.observe({
      kind: "log",
      at: this.options.clock.mono(),
      after,
      events: page,
      complete,
      again: true,
      reader,
      upTo,
    });
    return complete ? Infinity : Math.max(after + 1, last - 1);
  }

  async #readNew(): Promise<boolean> {
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      // The last value is asked for again, in case the page before ended within it.
      const after = Math.max(this.options.headBefore, this.#cursor - 1);
      const asked = this.options.clock.mono();
      const page = await this.page(after);
      if (page === undefined) return false;
      const fresh = page.filter(({ event_id, lamport }) => lamport !== this.#cursor || !this.#edge.delete(event_id));
      const last = Math.max(this.#cursor, ...page.map(({ lamport }) => lamport));
      this.#edge = new Set(page.filter(({ lamport }) => lamport === last).map(({ event_id }) => event_id));
      this.#cursor = last;
      const at = this.options.clock.mono();
      const complete = fresh.length === 0;
      this.options.observe({ kind: "log", at, asked, after, events: fresh, complete, again: false, upTo: last });
      if (fresh.length === 0) return true;
    }
    return true;
  }

  /** Events above a Lamport value; undefined if the target did not answer with events. */
  async page(after: number, reader = 0): Promise<Page> {
    const { secondReader } = this.options;
    const body = { community_id: this.options.communityId, events: [], our_head: after };
    const answer = await this.options.exchange({
      method: "POST",
      path: "/sync/v1/events",
      headers: [
        ["Content-Type", "application/json"],
        ...(reader === 0 || secondReader === undefined ? [] : [[CALL_HEADERS.from, secondReader] as [string, string]]),
      ],
      body: new TextEncoder().encode(JSON.stringify(body)),
    });
    const parsed = answer.status === 200 ? tryParseJson(answer.body) : undefined;
    const events = isObject(parsed) ? parsed.events : undefined;
    return Array.isArray(events) ? (events as unknown[]).filter(looksLikeEvent).map(this.options.see) : undefined;
  }

  #note(series: string, value: number): void {
    const { observe, clock } = this.options;
    observe({ kind: "sample", series, at: clock.mono(), value });
  }

  async #loopLag(signal: AbortSignal): Promise<void> {
    const { clock, instrument } = this.options;
    while (!signal.aborted) {
      const due = clock.mono() + LOOP_EVERY_MS;
      await clock.sleep(LOOP_EVERY_MS, signal).catch(() => {});
      if (!signal.aborted) instrument.looped(clock.mono() - due);
    }
  }

  /** Work at even distances; one that takes longer skips turns. */
  async #every(ms: number, work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    for (let due = clock.mono(); !signal.aborted;) {
      await work();
      due = Math.max(due + ms, clock.mono());
      await clock.sleep(Math.max(0, due - clock.mono()), signal).catch(() => {});
    }
  }
}
