/**
 * Cases on a second thread: the program itself, started again by its own URL as a worker. Only for embedded targets,
 * whose nodes each thread makes for itself; verdicts and bytes are the same on either thread.
 */

import type { CaseResult } from "../report/results.ts";
import type { TargetProfile } from "../target/profile.ts";
import type { TranscriptRecord } from "../wire/mod.ts";

/** What a worker must know before the first case. */
export interface RemoteStart {
  readonly seed: number;
  readonly timeOrigin: number;
  /** Faults of the embedded node. */
  readonly faults: readonly string[];
  readonly dialect: string;
  readonly captureWire: boolean;
  readonly slow: boolean;
  readonly profile: TargetProfile;
}

/** A case that was run elsewhere, with everything it put into the transcript. */
export interface RemoteCase {
  readonly result: CaseResult;
  readonly records: readonly TranscriptRecord[];
}

type ToWorker =
  | { readonly kind: "start"; readonly start: RemoteStart }
  | { readonly kind: "case"; readonly id: string };

type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: string; readonly case: RemoteCase }
  | { readonly kind: "broken"; readonly id: string; readonly why: string };

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
  readonly #waiting = new Map<string, PromiseWithResolvers<RemoteCase>>();
  /** Messages that wait for the worker to listen; what is sent before would be lost. Undefined once it does. */
  #early: ToWorker[] | undefined = [];
  #broken: string | undefined;

  constructor(programUrl: string, start: RemoteStart) {
    this.#worker = new Worker(programUrl, { type: "module", name: WORKER_NAME });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "ready") return this.#listens();
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
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
  run(id: string): Promise<RemoteCase> {
    if (this.#broken !== undefined) return Promise.reject(new RemoteError(this.#broken));
    const waiting = Promise.withResolvers<RemoteCase>();
    this.#waiting.set(id, waiting);
    this.#post({ kind: "case", id });
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

/** Serves cases until the thread is ended. `prepare` makes the runner of single cases from what is sent first. */
export function serveRemote(prepare: (start: RemoteStart) => Promise<(id: string) => Promise<RemoteCase>>): void {
  const scope = globalThis as unknown as WorkerScope;
  let ready: Promise<(id: string) => Promise<RemoteCase>> | undefined;
  const runOne = async (id: string): Promise<FromWorker> => {
    try {
      const runner = await ready;
      if (runner === undefined) throw new RemoteError("a case came before the start");
      return { kind: "done", id, case: await runner(id) };
    } catch (error) {
      return { kind: "broken", id, why: error instanceof Error ? error.message : String(error) };
    }
  };
  scope.onmessage = ({ data }) => {
    if (data.kind === "start") ready = prepare(data.start);
    else runOne(data.id).then((message) => scope.postMessage(message));
  };
  scope.postMessage({ kind: "ready" });
}
