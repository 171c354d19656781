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
 * dropped before the first frame was asked for.
 */
export class GuardedFrames implements AsyncGenerator<Frame, void, void> {
  constructor(
    private readonly frames: AsyncGenerator<Frame, void, void>,
    private readonly clock: Clock,
    private readonly deadlineMs: number,
    private readonly execution: Execution,
  ) {
    execution.signal.addEventListener("abort", () => this.#close(), { once: true });
  }

  async next(): Promise<IteratorResult<Frame, void>> {
    if (this.execution.over) return { done: true, value: undefined };
    try {
      const step = await withDeadline(this.frames.next(), this.clock, this.deadlineMs, this.execution);
      if (step.done === true) this.execution.end(undefined);
      else if (step.value.event === "done" || step.value.event === "error") {
        this.execution.end(step.value.event === "done" ? undefined : codeOf(step.value));
        this.#close();
      }
      return step;
    } catch (error) {
      const refusal = refusalOf(error);
      const { over } = this.execution;
      this.execution.end(refusal);
      this.#close();
      if (over) return { done: true, value: undefined };
      throw refusal;
    }
  }

  return(): Promise<IteratorResult<Frame, void>> {
    const gone = new NodeError("timeout", "the caller went away");
    this.execution.end(gone);
    this.execution.abort(gone);
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<Frame, void>> {
    this.execution.end(refusalOf(error));
    this.execution.abort(error);
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Lets the handler run its `finally`; it may be waiting, so nobody waits for it. */
  #close(): void {
    this.frames.return().catch(() => {});
  }
}

function codeOf(frame: Frame): NodeError {
  const { error, message } = frame.data;
  return new NodeError(
    typeof error === "string" ? error : "internal_error",
    typeof message === "string" ? message : "the stream ended with an error",
  );
}
