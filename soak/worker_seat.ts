/** A worker's end of the line to its coordinator: the target it is given, and when to begin, act and end. */

import { fromHex, identityFromSeed } from "../src/protocol/mod.ts";
import type { Adapter } from "../src/target/adapter.ts";
import type { Dialect } from "../src/target/dialect.ts";
import { EndpointTarget } from "../src/target/endpoint.ts";
import type { SteeredNode } from "./child.ts";
import type { SoakTarget } from "./soak_target.ts";
import type { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import type { Standing } from "./standing.ts";
import type { ToldSlot } from "./threshold_slots.ts";
import type { Act, FromWorker, StartedTarget, ToWorker } from "./worker_messages.ts";

/** A histogram of all calls is some thousand numbers. */
const LATENCY_EVERY_S = 2;

type Waiting<T> = { readonly resolve: (value: T) => void; readonly reject: (error: Error) => void };

/** The node could not be steered; nothing is claimed about the target. */
class SteeringError extends Error {
  override readonly name = "ProcessError";
}

/** See the module comment. */
export class WorkerSeat {
  readonly #acts = new Map<number, Waiting<number | null>>();
  readonly #memory = new Map<number, (bytes: number | null) => void>();
  readonly #ended = new AbortController();
  readonly #go: Promise<void>;
  #letGo: () => void = () => {};
  #latencyAt = -Infinity;
  #asked = 0;
  #acted = 0;
  #pid: number | null;

  constructor(private readonly given: StartedTarget | undefined, private readonly send: (message: FromWorker) => void) {
    this.#go = new Promise((resolve) => this.#letGo = resolve);
    this.#pid = given?.watched?.pid ?? null;
  }

  /** Aborted when the coordinator wants the run to end gracefully. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Takes what the coordinator says. */
  take(message: ToWorker): void {
    switch (message.kind) {
      case "go":
        return this.#letGo();
      case "end":
        this.#letGo();
        return this.#ended.abort(new Error(message.why));
      case "done": {
        const waiting = this.#acts.get(message.number);
        this.#acts.delete(message.number);
        if (message.failure !== undefined) waiting?.reject(new SteeringError(message.failure));
        else waiting?.resolve(message.pid);
        return;
      }
      case "memory":
        this.#memory.get(message.number)?.(message.bytes);
        this.#memory.delete(message.number);
    }
  }

  /** Says that this worker could begin, and waits for the others. */
  async together(): Promise<void> {
    this.send({ kind: "ready" });
    await this.#go;
  }

  /** Tells where this worker stands, and now and then all its latencies. */
  standing(standing: Standing, latency: LatencyHistogram): void {
    if (standing.elapsed_s - this.#latencyAt >= LATENCY_EVERY_S) {
      this.#latencyAt = standing.elapsed_s;
      this.send({ kind: "latency", latency: latency.toJSON() });
    }
    this.send({ kind: "standing", standing });
  }

  /** Tells what is new for the thresholds of the run, which the coordinator judges. */
  windows(slots: readonly ToldSlot[], upTo_s: number): void {
    this.send({ kind: "windows", slots, upTo_s });
  }

  /** The target that the coordinator has started; undefined where it has not. */
  target(dialect: Dialect, adapter: Adapter): SoakTarget | undefined {
    const { given } = this;
    if (given === undefined) return undefined;
    const { url, rootSeed, nodeSeed, named, embedded, watched } = given;
    const access = {
      root: identityFromSeed(fromHex(rootSeed)),
      sut: identityFromSeed(fromHex(nodeSeed)),
      allowWrites: true,
      disposable: true,
    };
    return {
      target: new EndpointTarget({ url, access, dialect, adapter }),
      adapter,
      child: this.#steered(url),
      embedded,
      named,
      pid: () => this.#pid ?? undefined,
      ...(watched?.memory === true ? { memoryBytes: () => this.#memoryBytes() } : {}),
      ...(watched?.data === undefined ? {} : { data: watched.data }),
      stop: () => Promise.resolve(),
    };
  }

  /** The node is the coordinator's: what is done to it is done once all workers have come so far. */
  #steered(url: string): SteeredNode {
    const act = async (act: Act) => {
      const number = this.#acted++;
      const pid = await new Promise<number | null>((resolve, reject) => {
        this.#acts.set(number, { resolve, reject });
        this.send({ kind: "act", number, act });
      });
      if (this.given?.watched !== undefined) this.#pid = pid;
    };
    return {
      url,
      pid: undefined,
      signal: (signal) => act({ what: "signal", signal }),
      restart: (how, awayMs = 0) => act({ what: "restart", how, awayMs }),
      stop: () => Promise.resolve(),
    };
  }

  #memoryBytes(): Promise<number | undefined> {
    const number = this.#asked++;
    return new Promise((resolve) => {
      this.#memory.set(number, (bytes) => resolve(bytes ?? undefined));
      this.send({ kind: "memory", number });
    });
  }
}
