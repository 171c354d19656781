/** Runs a handler: deadline, cancellation, and the slot given back whatever ends the call. */

import type { Clock } from "../../protocol/mod.ts";
import { type Frame, NodeError, type UnaryResult } from "../core.ts";
import { refusalOf } from "./errors.ts";

/** What ended a call, told exactly once: undefined for success. */
export type Ended = (refusal: NodeError | undefined) => void;

/** One running call: its signal, and its end. */
export class Execution {
  readonly #controller = new AbortController();
  readonly #callerGone: () => void;
  #over = false;

  constructor(private readonly caller: AbortSignal, private readonly ended: Ended) {
    this.#callerGone = () => {
      this.#controller.abort(caller.reason);
      this.end(new NodeError("timeout", "the caller went away"));
    };
    if (caller.aborted) this.#callerGone();
    else caller.addEventListener("abort", this.#callerGone, { once: true });
  }

  /** Aborted when the caller goes away, cancels, or the deadline passes. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Ends the call; only the first end counts. */
  end(refusal: NodeError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.caller.removeEventListener("abort", this.#callerGone);
    this.ended(refusal);
  }

  /** Tells the handler to stop. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}

/**
 * Waits for the work, at most `deadlineMs`.
 *
 * @throws {NodeError} `timeout` when the deadline passes first; the execution's signal is aborted then.
 */
export async function withDeadline<T>(
  work: Promise<T>,
  clock: Clock,
  deadlineMs: number,
  execution: Execution,
): Promise<T> {
  const { signal } = execution;
  const stop = new AbortController();
  let abandoned: () => void = () => {};
  const gone = new Promise<"gone">((resolve) => {
    abandoned = () => resolve("gone");
    if (signal.aborted) abandoned();
    else signal.addEventListener("abort", abandoned, { once: true });
  });
  const late = clock.sleep(deadlineMs, stop.signal).then(() => "late" as const, () => "gone" as const);
  const done = work.then((value) => ({ value }));
  try {
    const first = await Promise.race([done, late, gone]);
    if (typeof first === "object") return first.value;
    done.catch(() => {});
    const refusal = first === "late"
      ? new NodeError("timeout", `no answer within ${deadlineMs} ms`)
      : new NodeError("timeout", "the caller went away");
    execution.abort(refusal);
    throw refusal;
  } finally {
    signal.removeEventListener("abort", abandoned);
    stop.abort();
  }
}

/** Awaits a unary result and ends the execution. */
export async function runUnary(
  result: Promise<UnaryResult> | UnaryResult,
  clock: Clock,
  deadlineMs: number,
  execution: Execution,
): Promise<UnaryResult> {
  try {
    const value = result instanceof Promise ? await withDeadline(result, clock, deadlineMs, execution) : result;
    execution.end(undefined);
    return value;
  } catch (error) {
    const refusal = refusalOf(error);
    execution.end(refusal);
    throw refusal;
  }
}

/**
 * The frames of a handler under a deadline between frames. Unlike a generator it ends the execution also when it is
 * dropped before the first frame was asked for. After a cancel the handler has a short time for its last frames.
 */
export class GuardedFrames implements AsyncGenerator<Frame, void, void> {
  #asked: Promise<IteratorResult<Frame, void>> | undefined;
  readonly #closed = new AbortController();

  constructor(
    private readonly frames: AsyncGenerator<Frame, void, void>,
    private readonly clock: Clock,
    private readonly limits: { readonly deadlineMs: number; readonly graceMs: number },
    private readonly execution: Execution,
  ) {
    if (execution.signal.aborted) this.#cancelled();
    else execution.signal.addEventListener("abort", () => this.#cancelled(), { once: true });
  }

  async next(): Promise<IteratorResult<Frame, void>> {
    if (this.#closed.signal.aborted) return this.#finish();
    try {
      this.#asked = this.frames.next();
      return this.#handOver(await withDeadline(this.#asked, this.clock, this.limits.deadlineMs, this.execution));
    } catch (error) {
      if (this.execution.over && !this.#closed.signal.aborted) return await this.#lastWords();
      const refusal = refusalOf(error);
      this.execution.end(refusal);
      this.#finish();
      throw refusal;
    }
  }

  return(): Promise<IteratorResult<Frame, void>> {
    const gone = new NodeError("timeout", "the caller went away");
    this.execution.end(gone);
    this.execution.abort(gone);
    return Promise.resolve(this.#finish());
  }

  throw(error: unknown): Promise<IteratorResult<Frame, void>> {
    this.execution.end(refusalOf(error));
    this.execution.abort(error);
    this.#finish();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Closes the stream after the grace time, also if nobody asks for another frame. */
  #cancelled(): void {
    if (this.#asked === undefined) return void this.#finish();
    this.clock.sleep(this.limits.graceMs, this.#closed.signal).then(() => this.#finish(), () => {});
  }

  /** What the handler still says after the caller has cancelled, such as a `done` with its reason. */
  async #lastWords(): Promise<IteratorResult<Frame, void>> {
    const { signal } = this.#closed;
    const closed = new Promise<undefined>((resolve) =>
      signal.addEventListener("abort", () => resolve(undefined), { once: true })
    );
    try {
      const step = await Promise.race([this.#asked, closed]);
      return step === undefined ? this.#finish() : this.#handOver(step);
    } catch {
      return this.#finish();
    }
  }

  #handOver(step: IteratorResult<Frame, void>): IteratorResult<Frame, void> {
    if (step.done === true) {
      this.execution.end(undefined);
      return this.#finish();
    }
    if (step.value.event === "done" || step.value.event === "error") {
      this.execution.end(step.value.event === "done" ? undefined : codeOf(step.value));
      this.#finish();
    }
    return step;
  }

  /** Lets the handler run its `finally`; it may be waiting, so nobody waits for it. */
  #finish(): IteratorResult<Frame, void> {
    if (!this.#closed.signal.aborted) this.frames.return().catch(() => {});
    this.#closed.abort();
    return { done: true, value: undefined };
  }
}

function codeOf(frame: Frame): NodeError {
  const { error, message } = frame.data;
  return new NodeError(
    typeof error === "string" ? error : "internal_error",
    typeof message === "string" ? message : "the stream ended with an error",
  );
}
