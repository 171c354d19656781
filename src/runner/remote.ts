/**
 * Cases on a further thread: the program itself, started again by its own URL as a worker. Only for embedded nodes,
 * which each thread makes for itself; verdicts and bytes are the same on either thread.
 */

import type { CaseResult } from "../report/results.ts";
import type { TargetProfile } from "../target/profile.ts";
import type { TranscriptRecord } from "../wire/mod.ts";

/** What a worker must know before the first case. */
export interface RemoteStart {
  readonly seed: number;
  readonly timeOrigin: number;
  readonly dialect: string;
  readonly captureWire: boolean;
  /** What the sound node, or the target of the run, turned out to be. */
  readonly profile: TargetProfile;
}

/** One run of a case. */
export interface RemoteJob {
  /** Id of the case. */
  readonly id: string;
  readonly faults: readonly string[];
  readonly variants: readonly string[];
  /** Whether the records of the transcript are wanted. */
  readonly recorded: boolean;
}

/** A case that was run elsewhere, with everything it put into the transcript if that was wanted. */
export interface RemoteCase {
  readonly result: CaseResult;
  readonly records: readonly TranscriptRecord[];
}

/** Runs jobs in the worker. */
export type JobRunner = (job: RemoteJob) => Promise<RemoteCase>;

type ToWorker =
  | { readonly kind: "start"; readonly start: RemoteStart }
  | { readonly kind: "job"; readonly ticket: number; readonly job: RemoteJob };

type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly ticket: number; readonly case: RemoteCase }
  | { readonly kind: "broken"; readonly ticket: number; readonly why: string };

/** The worker is gone or could not run a case; the caller runs it on its own thread instead. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
}

/** The part of a worker's global scope that is used; the DOM types do not know it. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
}

/** A running worker. */
export class RemoteRunner {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<RemoteCase>>();
  #tickets = 0;
  /** Messages that wait for the worker to listen; what is sent before would be lost. Undefined once it does. */
  #early: ToWorker[] | undefined = [];
  #broken: string | undefined;

  constructor(programUrl: string, start: RemoteStart) {
    this.#worker = new Worker(programUrl, { type: "module", name: WORKER_NAME });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "ready") return this.#listens();
      const waiting = this.#waiting.get(data.ticket);
      this.#waiting.delete(data.ticket);
      if (data.kind === "done") waiting?.resolve(data.case);
      else waiting?.reject(new RemoteError(data.why));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    this.#post({ kind: "start", start });
  }

  /** @throws {RemoteError} If the worker cannot run it. */
  run(job: RemoteJob): Promise<RemoteCase> {
    if (this.#broken !== undefined) return Promise.reject(new RemoteError(this.#broken));
    const waiting = Promise.withResolvers<RemoteCase>();
    const ticket = this.#tickets++;
    this.#waiting.set(ticket, waiting);
    this.#post({ kind: "job", ticket, job });
    return waiting.promise;
  }

  close(): void {
    this.#worker.terminate();
    this.#fail("the worker was ended");
  }

  #post(message: ToWorker): void {
    if (this.#early === undefined) this.#worker.postMessage(message);
    else this.#early.push(message);
  }

  #listens(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) this.#post(message);
  }

  #fail(why: string): void {
    this.#broken ??= why;
    for (const waiting of this.#waiting.values()) waiting.reject(new RemoteError(why));
    this.#waiting.clear();
  }
}

/** Name of the worker; the program looks for it to know that it is one. */
export const WORKER_NAME = "hearthproof-cases";

/** Whether this is the worker of {@linkcode RemoteRunner}. */
export function isRemote(): boolean {
  return "WorkerGlobalScope" in globalThis && (globalThis as { name?: string }).name === WORKER_NAME;
}

/** Serves cases until the thread is ended. `prepare` makes the runner of single jobs from what is sent first. */
export function serveRemote(prepare: (start: RemoteStart) => Promise<JobRunner>): void {
  const scope = globalThis as unknown as WorkerScope;
  let ready: Promise<JobRunner> | undefined;
  const runOne = async (ticket: number, job: RemoteJob): Promise<FromWorker> => {
    try {
      const runner = await ready;
      if (runner === undefined) throw new RemoteError("a case came before the start");
      return { kind: "done", ticket, case: await runner(job) };
    } catch (error) {
      return { kind: "broken", ticket, why: error instanceof Error ? error.message : String(error) };
    }
  };
  scope.onmessage = ({ data }) => {
    if (data.kind === "start") ready = prepare(data.start);
    else runOne(data.ticket, data.job).then((message) => scope.postMessage(message));
  };
  scope.postMessage({ kind: "ready" });
}
