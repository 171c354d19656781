/** Drives the load by its schedule and feeds everything seen to the monitors. */

import type { Clock } from "../src/protocol/mod.ts";
import { turn } from "../src/wire/clock.ts";
import type { Instrument } from "./instrument.ts";
import type { Observation } from "./observation.ts";
import { Punctual } from "./punctual.ts";
import { drawOperation } from "./workload.ts";
import type { Caller, Hands, Operation, Outcome } from "./workload_calls.ts";

/** Calls under way at most; what is due beyond waits, and its latency counts from when it was due. */
export const MAX_IN_FLIGHT = 2000;
/** Calls that may wait. */
const MAX_QUEUED = 100_000;
/** Milliseconds calls under way get to finish after the last was sent. */
const DRAIN_MS = 35_000;
/** Milliseconds between two looks at how many are left. */
const DRAIN_LOOK_MS = 20;

export interface EngineOptions {
  readonly clock: Clock;
  readonly hands: Hands;
  readonly operations: readonly Operation[];
  readonly observe: (observation: Observation) => void;
  readonly instrument: Instrument;
  /** `mono()` at the start of the run. */
  readonly startedAt: number;
}

/** See the module comment. */
export class Engine {
  readonly #queue: { readonly due: number; readonly from: number }[] = [];
  #inFlight = 0;
  #next = 0;

  constructor(private readonly options: EngineOptions) {}

  get inFlight(): number {
    return this.#inFlight + this.#queue.length;
  }

  /** Sends calls when they are due until `untilMs` of the run has passed or the signal is aborted. */
  async openModel(due: Iterator<number>, untilMs: number, signal: AbortSignal): Promise<void> {
    const { clock, startedAt } = this.options;
    const punctual = new Punctual(clock, turn);
    for (;;) {
      const next = due.next();
      if (next.done === true || next.value >= untilMs || signal.aborted) return;
      const at = startedAt + next.value;
      await punctual.until(at, signal);
      if (signal.aborted) return;
      this.#take(at);
    }
  }

  /** Keeps `concurrency` calls under way: how fast the target can be, not how it feels. */
  async closedModel(concurrency: number, untilMs: number, signal: AbortSignal): Promise<void> {
    const { clock, startedAt } = this.options;
    const client = async () => {
      // The next call is due when the last one has ended.
      for (let now = clock.mono(); !signal.aborted && now - startedAt < untilMs;) {
        this.#inFlight++;
        now = await this.#call(now, now);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, client));
  }

  /** Waits for calls under way, at most as long as a call may take. */
  async drain(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    const end = clock.mono() + DRAIN_MS;
    while (this.inFlight > 0 && clock.mono() < end && !signal.aborted) {
      await clock.sleep(DRAIN_LOOK_MS, signal).catch(() => {});
    }
  }

  #take(due: number): void {
    const { instrument, clock } = this.options;
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      if (this.#queue.length < MAX_QUEUED) this.#queue.push({ due, from: clock.mono() });
      else instrument.overflowed();
      return;
    }
    instrument.sent(clock.mono() - due);
    this.#start(due);
  }

  #start(due: number): void {
    this.#inFlight++;
    this.#call(due).then(() => {
      const waiting = this.#queue.shift();
      if (waiting !== undefined) this.#start(waiting.due);
    });
  }

  /** Makes one call; when it ended. Without `await`, which costs more than these closures do. */
  #call(due: number, started = this.options.clock.mono()): Promise<number> {
    const { hands, operations } = this.options;
    const operation = drawOperation(operations, hands.random);
    const caller = hands.callers[this.#next++ % hands.callers.length];
    if (caller === undefined) throw new RangeError("Cannot make calls: there are no callers");
    return outcomeOf(operation, hands, caller).then(
      (outcome) => this.#ended(due, started, outcome),
      (error) => this.#ended(due, started, { capability: operation.capability, code: testerCode(error) }),
    );
  }

  /** Tells of a call that has ended; when that was. */
  #ended(due: number, started: number, outcome: Outcome): number {
    const { clock, observe } = this.options;
    const ended = clock.mono();
    this.#inFlight--;
    try {
      observe({ ...outcome, kind: "call", due, started, ended });
    } catch (error) {
      observe({ kind: "call", due, started, ended, capability: outcome.capability, code: testerCode(error) });
    }
    return ended;
  }
}

/** The outcome of an operation, also of one that fails before there is anything to wait for. */
function outcomeOf(operation: Operation, hands: Hands, caller: Caller): Promise<Outcome> {
  try {
    return operation.run(hands, caller);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Code of a call that failed by a defect of ours. */
function testerCode(error: unknown): string {
  return error instanceof Error ? `tester_${error.name}` : "tester_error";
}
