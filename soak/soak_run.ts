/** One run: load, readings, disturbances. What judges it is in run_state.ts, what starts processes is around it. */

import type { Clock } from "../src/protocol/mod.ts";
import type { Network } from "../src/wire/mod.ts";
import { AuditReader } from "./audit_reader.ts";
import { ConnectionPool } from "./connections.ts";
import { Engine } from "./engine.ts";
import { EventText } from "./event_text.ts";
import { LookBack } from "./look_back.ts";
import { LOST_AFTER_MS } from "./monitors/accounting.ts";
import { CHECKPOINT_EVERY_MS, DISK_FULL, type Journal } from "./journal.ts";
import type { Observation } from "./observation.ts";
import { loadRandom, type Prepared } from "./prepare.ts";
import type { RunConfig, RunState } from "./run_state.ts";
import { dueTimes, type Pace } from "./schedule.ts";
import { seenEvent } from "./seen_event.ts";
import type { SoakReport } from "./soak_report.ts";
import { Watch } from "./watch.ts";
import type { ToldSlot } from "./threshold_slots.ts";
import type { Sights } from "./watch_target.ts";

const MS_PER_SECOND = 1000;
/** Milliseconds a call may take: the documented default deadline (wire-format.md section 15). */
const CALL_DEADLINE_MS = 30_000;
/** Milliseconds after the load in which events still may appear, and the distance of looks. */
const SETTLE_MS = LOST_AFTER_MS + 4000;
const SETTLE_LOOK_MS = 250;
const PROGRESS_EVERY_MS = 1000;
/** Milliseconds between two looks for events that no reading showed. */
const LOOK_AROUND_MS = 1000;
/** A run that is younger than this has just begun: nothing of its schedule is past. */
const PROMPT_MS = 1000;

/** Something done to the target on purpose, at a time of the run. */
export interface Disturbance {
  readonly atMs: number;
  readonly why: string;
  /** Does it and takes it back; once the signal is aborted it takes it back at once. */
  act(signal: AbortSignal): Promise<void>;
  /** Milliseconds after the act in which the target is not judged for being away. */
  readonly settleMs: number;
}

export interface RunOptions {
  /** The run's own time (run_clock.ts). */
  readonly clock: Clock;
  readonly network: Network;
  readonly prepared: Prepared;
  readonly state: RunState;
  readonly journal: Journal;
  /** What a stretch of the load is made of; a resumed run begins another one. */
  readonly epoch: number;
  readonly pace: Pace;
  /** Calls kept under way instead of a pace. */
  readonly concurrency?: number;
  readonly pid: () => number | undefined;
  /** Where else the target's resources can be seen. */
  readonly sights?: Omit<Sights, "pid">;
  readonly disturbances: readonly Disturbance[];
  /** End the load at the first threshold that is broken and at the first violation. */
  readonly failFast: boolean;
  /** Takes what is new for the thresholds of a run that several processes make, up to a run time in seconds. */
  readonly windows?: (slots: readonly ToldSlot[], upTo_s: number) => void;
  /** Thresholds are judged by somebody else, over what all processes see. */
  readonly thresholdsElsewhere?: boolean;
  /** Ends the run gracefully; its reason becomes the report's. */
  readonly signal: AbortSignal;
  /** Told every second. @param duration_s Run time at the planned end. */
  readonly progress: (elapsed_s: number, duration_s: number) => void;
  /** Shown everything that is observed. */
  readonly onlooker?: (observation: Observation) => void;
}

/** See the module comment. */
export class SoakRun {
  readonly #engine: Engine;
  readonly #pool: ConnectionPool;
  readonly #watch: Watch;
  readonly #lookBack: LookBack;
  readonly #sequences = new Map<number, number>();
  /** Nobody is there to be asked any more. */
  #gone = false;
  /** Run milliseconds at the end of the load as planned: later by what the tester was away. */
  readonly #plannedEnd: number;

  constructor(private readonly options: RunOptions) {
    const { clock, network, prepared, state } = options;
    const { session } = prepared;
    const { config, tally } = state;
    const { seed, durationMs } = config;
    const text = new EventText(runName(config));
    this.#plannedEnd = durationMs + tally.awayMs;
    this.#pool = new ConnectionPool(network, () => session.endpoint, { deadlineMs: CALL_DEADLINE_MS });
    const watchPool = new ConnectionPool(network, () => session.endpoint, { deadlineMs: CALL_DEADLINE_MS });
    const observe = (observation: Observation) => this.#observe(observation);
    this.#engine = new Engine({
      clock,
      hands: {
        session,
        text,
        callers: prepared.callers,
        random: loadRandom(seed, `load ${options.epoch}`),
        material: prepared.material,
        takeLeft: (kind) => state.liveSet.takeLeft(kind),
        exchange: (request) => this.#pool.exchange(request),
        // What the target showed before counts as well: a run that is resumed does not know every answer.
        acknowledged: () => Math.max(tally.acknowledged, prepared.head),
        nextSequence: (caller) => this.#nextSequence(caller),
      },
      operations: prepared.operations,
      observe,
      instrument: state.instrument,
      startedAt: 0,
    });
    this.#watch = new Watch({
      clock,
      startedAt: 0,
      durationMs,
      communityId: session.communityId,
      headBefore: config.headBefore,
      reached: tally.position,
      readable: prepared.readable,
      sights: { pid: options.pid, ...options.sights },
      pubsub: session.profile.pubsub,
      ...(prepared.callers[0] === undefined ? {} : { secondReader: prepared.callers[0].actor.id }),
      exchange: (request) => watchPool.exchange(request),
      acknowledged: () => tally.acknowledged,
      observe,
      see: (event) => seenEvent(event, text),
      integrity: state.integrity,
      instrument: state.instrument,
      ...(prepared.civilDefence.unreadable === undefined
        ? {
          audit: new AuditReader({
            clock,
            session,
            auditors: prepared.civilDefence.auditors,
            observe,
            knows: (seq, digest) => state.audit.knows(seq, digest),
            reached: () => state.audit.reached,
          }),
        }
        : {}),
    });
    this.#lookBack = new LookBack({
      clock,
      accounting: state.accounting,
      reached: () => state.tally.position.lamport,
      page: (after) => this.#watch.page(after),
      observe,
    });
  }

  /** Looks for what was sent at most one deadline before a gap and may have come to lie under what was read. */
  async #lookBehind(gapFrom: number): Promise<boolean> {
    const { tally, config } = this.options.state;
    if (!this.options.prepared.readable || !await this.#watch.readLog()) return false;
    const since = Math.max(config.headBefore, tally.reachedAt(gapFrom - CALL_DEADLINE_MS));
    return await this.#lookBack.through(since, tally.position.lamport);
  }

  /** The same for the times in which the tester itself was away, until it has been done for all of them. */
  async #lookBehindAway(signal: AbortSignal): Promise<void> {
    const { clock, state: { tally } } = this.options;
    for (let from = tally.unlookedAway; from !== undefined && !signal.aborted; from = tally.unlookedAway) {
      const upTo = tally.lastAway;
      if (await this.#lookBehind(from)) this.#observe({ kind: "looked-behind", at: this.#now(), from: upTo });
      else await clock.sleep(LOOK_AROUND_MS, signal).catch(() => {});
    }
  }

  /** Runs to the end of the duration or until the signal, and judges. */
  async run(): Promise<SoakReport> {
    const { signal, pace, concurrency, state, journal } = this.options;
    const { seed, shard } = state.config;
    const over = new AbortController();
    const stopped = new AbortController();
    const loadOver = AbortSignal.any([signal, over.signal, stopped.signal]);
    const kept = new AbortController();
    const keeping = this.#keep(kept.signal);
    const beside = Promise.all([
      this.#watch.start(over.signal),
      this.#progress(over.signal, (why) => stopped.abort(new Error(why))),
      this.#disturb(loadOver, (why) => stopped.abort(new Error(why))),
      this.#lookAround(over.signal),
    ]);
    // What goes wrong beside the load ends it; the error itself comes out below.
    beside.catch((error) => stopped.abort(error));
    if (concurrency === undefined) {
      const away = state.tally.awayMs;
      const due = from(this.#now(), shifted(shardOf(dueTimes(pace, loadRandom(seed, "pace")), shard), away));
      await this.#engine.openModel(due, this.#plannedEnd, loadOver);
    } else await this.#engine.closedModel(concurrency, this.#plannedEnd, loadOver);
    const ended = this.#now();
    const early = loadOver.aborted ? reasonOf(loadOver) : undefined;
    await this.#engine.drain(over.signal);
    await this.#settle();
    over.abort(new Error("the run is over"));
    await beside;
    if (this.options.prepared.readable) await this.#watch.rereadAll();
    await this.#watch.walkAudit();
    await this.#watch.readHead();
    state.latency.tick(this.#now());
    this.options.windows?.(state.thresholds.fresh(Infinity), this.#now() / MS_PER_SECOND);
    this.#pool.close();
    kept.abort(new Error("the run is over"));
    await keeping;
    const incomplete = journal.failure === undefined ? undefined : `the journal cannot be written: ${journal.failure}`;
    const diskShared = journal.failure === DISK_FULL && this.options.sights?.data !== undefined;
    const ending = { endMs: ended, early, incomplete, diskShared };
    await journal.close(ending);
    return state.report(ending);
  }

  /** Events that no reading showed, and, once, what was under way when the tester died. */
  async #lookAround(signal: AbortSignal): Promise<void> {
    const { clock, prepared, epoch } = this.options;
    if (!prepared.readable) return;
    const behind = epoch > 0 ? this.#lookBehindAway(signal) : undefined;
    while (!signal.aborted) {
      await clock.sleep(LOOK_AROUND_MS, signal).catch(() => {});
      await this.#lookBack.overdue();
    }
    await behind;
  }

  /** Checkpoints of the journal. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, journal } = this.options;
    while (!signal.aborted) {
      await clock.sleep(CHECKPOINT_EVERY_MS, signal).catch(() => {});
      await journal.checkpoint();
    }
  }

  #now(): number {
    return this.options.clock.mono();
  }

  #observe(observation: Observation): void {
    this.options.state.observe(observation);
    this.options.journal.note(observation);
    this.options.onlooker?.(observation);
  }

  #nextSequence(caller: number): number {
    const sequence = (this.#sequences.get(caller) ?? -1) + 1;
    this.#sequences.set(caller, sequence);
    this.#observe({ kind: "sending", at: this.#now(), caller, sequence });
    return sequence;
  }

  /** Gives events that were acknowledged last the time to appear. */
  async #settle(): Promise<void> {
    const { clock, prepared, state } = this.options;
    if (!prepared.readable || this.#gone) return;
    const end = clock.mono() + SETTLE_MS;
    while (state.accounting.pending > 0 && clock.mono() < end) {
      await this.#watch.readLog();
      await this.#lookBack.overdue();
      if (state.accounting.pending > 0) await clock.sleep(SETTLE_LOOK_MS);
    }
    await this.#watch.readLog();
  }

  async #disturb(signal: AbortSignal, stopLoad: (why: string) => void): Promise<void> {
    const { clock, disturbances, state } = this.options;
    const begun = this.#now();
    for (const { atMs, why, act, settleMs } of disturbances) {
      const at = atMs + state.tally.awayMs;
      // A run that was resumed does not repeat what was done before.
      if (at < begun) continue;
      await clock.sleep(Math.max(0, at - clock.mono()), signal).catch(() => {});
      if (signal.aborted) return;
      const from = this.#now();
      this.#observe({ kind: "interruption", at: from, why });
      try {
        await act(signal);
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "ProcessError") throw error;
        this.#observe({ kind: "not-back", at: this.#now(), why: `${why}: ${error.message}` });
        this.#gone = true;
        return stopLoad("the target did not come up again");
      }
      await clock.sleep(settleMs, signal).catch(() => {});
      this.#observe({ kind: "resumption", at: this.#now() });
      await this.#lookBehind(from);
    }
  }

  async #progress(signal: AbortSignal, stopLoad: (why: string) => void): Promise<void> {
    const { clock, progress, state, failFast, windows, thresholdsElsewhere = false } = this.options;
    while (!signal.aborted) {
      const now_s = this.#now() / MS_PER_SECOND;
      windows?.(state.thresholds.fresh(now_s), now_s);
      const broken = state.thresholds.advance(now_s);
      const violated = (thresholdsElsewhere ? undefined : broken) ??
        state.verdicts().find(({ outcome }) => outcome === "violated")?.reason;
      if (failFast && violated !== undefined) stopLoad(`--fail-fast: ${violated}`);
      progress(this.#now() / MS_PER_SECOND, this.#plannedEnd / MS_PER_SECOND);
      await clock.sleep(PROGRESS_EVERY_MS, signal).catch(() => {});
    }
  }
}

/** What the client ids of a run have in common: letters and digits that no other run against this target has. */
export function runName({ timeOrigin, shard }: Pick<RunConfig, "timeOrigin" | "shard">): string {
  return timeOrigin.toString(36) + (shard === undefined ? "" : `s${shard.index}of${shard.count}`);
}

/** Every `count`th due time, from the place of this shard. */
export function* shardOf(due: Iterable<number>, shard: RunConfig["shard"]): Generator<number> {
  let n = 0;
  for (const at of due) {
    if (shard === undefined || n % shard.count === shard.index - 1) yield at;
    n++;
  }
}

function* shifted(due: Iterable<number>, by: number): Generator<number> {
  for (const at of due) yield at + by;
}

/** Leaves out what is past when a run is resumed. */
function* from(now: number, due: Iterable<number>): Generator<number> {
  for (const at of due) if (at >= now || now < PROMPT_MS) yield at;
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
}
