/** The workers of one run: they begin together, act on the target together, are shown as one and end together. */

import { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import type { SteeredNode } from "./child.ts";
import { LiveThresholds } from "./live_thresholds.ts";
import type { Standing } from "./standing.ts";
import { together } from "./standing_together.ts";
import type { Act, FromWorker } from "./worker_messages.ts";
import type { WorkerProcess } from "./worker_process.ts";

export interface CrewOptions {
  readonly workers: readonly WorkerProcess[];
  /** The target, where the coordinator has started it. */
  readonly node: SteeredNode | undefined;
  readonly memoryBytes: (() => Promise<number | undefined>) | undefined;
  /** End all at the first that ends early. */
  readonly failFast: boolean;
  /** What they watch together. */
  readonly thresholds: readonly string[];
  readonly progress: (standing: Standing, latency: LatencyHistogram) => void;
  /** A line of a worker for the operator. */
  readonly line: (index: number, to: "out" | "err", text: string) => void;
  /** A worker has died before its run was over. */
  readonly died: (index: number, complaint: string) => void;
}

interface Asked {
  readonly act: Act;
  readonly by: Set<number>;
  done: Promise<void> | undefined;
}

/** See the module comment. */
export class Crew {
  readonly #living: Set<number>;
  readonly #ready = new Set<number>();
  readonly #standings = new Map<number, Standing>();
  readonly #latencies = new Map<number, LatencyHistogram>();
  readonly #thresholds: LiveThresholds;
  readonly #acts = new Map<number, Asked>();
  readonly #over = new AbortController();
  #begun = false;
  #ending = false;

  constructor(private readonly options: CrewOptions) {
    const indexes = options.workers.map(({ index }) => index);
    this.#living = new Set(indexes);
    this.#thresholds = new LiveThresholds(options.thresholds, indexes);
  }

  /** Follows all until the last has ended. */
  async follow(): Promise<void> {
    await Promise.all(this.options.workers.map((worker) => this.#follow(worker)));
  }

  /** Ends all gracefully. */
  end(why: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#over.abort(new Error(why));
    for (const worker of this.options.workers) worker.send({ kind: "end", why });
    this.#look();
  }

  async #follow(worker: WorkerProcess): Promise<void> {
    const { index } = worker;
    let over = false;
    await worker.follow((message) => {
      if (message.kind === "over") {
        over = true;
        if (this.options.failFast && message.early !== null) this.end(message.early);
      } else this.#take(worker, message);
    });
    this.#living.delete(index);
    this.#thresholds.left(index);
    if (!over) {
      this.options.died(index, worker.complaint);
      this.end(`worker ${index} has ended`);
    }
    this.#look();
  }

  #take(worker: WorkerProcess, message: Exclude<FromWorker, { kind: "over" }>): void {
    const { index } = worker;
    switch (message.kind) {
      case "ready":
        this.#ready.add(index);
        return this.#look();
      case "standing":
        this.#standings.set(index, message.standing);
        return this.#show();
      case "latency":
        this.#latencies.set(index, LatencyHistogram.fromJSON(message.latency));
        return;
      case "windows": {
        const broken = this.#thresholds.tell(index, message.slots, message.upTo_s);
        if (this.options.failFast && broken !== undefined) this.end(`--fail-fast: ${broken}`);
        return;
      }
      case "line":
        return this.options.line(index, message.to, message.text);
      case "act": {
        const asked = this.#acts.get(message.number) ?? { act: message.act, by: new Set(), done: undefined };
        this.#acts.set(message.number, asked);
        asked.by.add(index);
        if (asked.done !== undefined) this.#answer(worker, message.number, asked.done);
        return this.#look();
      }
      case "memory":
        this.#remember(worker, message.number);
    }
  }

  #show(): void {
    const latency = new LatencyHistogram();
    for (const one of this.#latencies.values()) latency.merge(one);
    const thresholds = this.#thresholds.reports([...this.#standings].sort(([a], [b]) => a - b).map(([, one]) => one));
    this.options.progress(together(this.#standings, { latency, thresholds }), latency);
  }

  /** Whether all who live have come so far; those who are told to end wait for nobody. */
  #look(): void {
    const all = (those: ReadonlySet<number>) => this.#ending || [...this.#living].every((index) => those.has(index));
    if (!this.#begun && this.#living.size > 0 && all(this.#ready)) {
      this.#begun = true;
      for (const worker of this.options.workers) worker.send({ kind: "go" });
    }
    for (const [number, asked] of this.#acts) {
      if (asked.done !== undefined || !all(asked.by)) continue;
      asked.done = this.#perform(asked.act);
      for (const worker of this.options.workers) {
        if (asked.by.has(worker.index)) this.#answer(worker, number, asked.done);
      }
    }
  }

  async #perform(act: Act): Promise<void> {
    const { node } = this.options;
    if (node === undefined) throw new Error("Cannot act on the target: it was not started here");
    if (act.what === "signal") await node.signal(act.signal);
    else await node.restart(act.how, act.awayMs, this.#over.signal);
  }

  #answer(worker: WorkerProcess, number: number, done: Promise<void>): void {
    const pid = () => this.options.node?.pid ?? null;
    done.then(
      () => worker.send({ kind: "done", number, pid: pid() }),
      (error) => {
        const failure = error instanceof Error ? error.message : String(error);
        worker.send({ kind: "done", number, pid: pid(), failure });
      },
    );
  }

  #remember(worker: WorkerProcess, number: number): void {
    const read = this.options.memoryBytes?.() ?? Promise.resolve(undefined);
    read.catch(() => undefined).then((bytes) => worker.send({ kind: "memory", number, bytes: bytes ?? null }));
  }
}
