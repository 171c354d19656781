/** Looks at the target's resources: process, control group, data directory, and its own metrics. */

import type { Clock } from "../src/protocol/mod.ts";
import type { HttpAnswer, HttpRequest } from "../src/wire/mod.ts";
import { type MetricSample, metricSum, readMetrics } from "./metrics_text.ts";
import type { MetricsRead, Observation } from "./observation.ts";
import { folderBytes, groupBytes, processStart, sampleProcess } from "./process_sampler.ts";

/** Where a target's resources can be seen; each is looked at if it is there. */
export interface Sights {
  /** Process id now. */
  readonly pid: () => number | undefined;
  /** Directory of a control group. */
  readonly cgroup?: string;
  /** Memory of all its processes in bytes, as its container tells it. */
  readonly memoryBytes?: () => Promise<number | undefined>;
  /** Data directory on this machine. */
  readonly data?: string;
}

/** Metrics of Prometheus clients and of wire-format.md section 18. */
const RESIDENT = "process_resident_memory_bytes";
const OPEN_FDS = "process_open_fds";
const LOG_SIZE = "hearthnet_event_log_size";
const BLOB_BYTES = "hearthnet_blob_storage_bytes";
/** Below, what was there before the events weighs more than they do. */
const MIN_EVENTS = 200;

/** Fallen counters that are told of one reading; a restart lets all of them fall. */
const MAX_FALLEN = 20;

export interface TargetWatchOptions {
  readonly clock: Clock;
  readonly sights: Sights;
  readonly exchange: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly observe: (observation: Observation) => void;
}

/** See the module comment. */
export class TargetWatch {
  #counters: ReadonlyMap<string, number> | undefined;
  #comparedAt: number | undefined;
  #events: number | undefined;
  #blobs = 0;

  constructor(private readonly options: TargetWatchOptions) {}

  /** One look at process and control group. */
  async look(): Promise<void> {
    const { sights } = this.options;
    const pid = sights.pid();
    if (pid !== undefined) {
      const [sample, started] = await Promise.all([sampleProcess(pid), processStart(pid)]);
      if (sample !== undefined) {
        this.#note("memory.rss", sample.rss);
        this.#note("process.threads", sample.threads);
        if (sample.pss !== undefined) this.#note("memory.pss", sample.pss);
        if (sample.fds !== undefined) this.#note("process.fds", sample.fds);
      }
      if (started !== undefined) this.#note("process.started", started);
    }
    const group = sights.cgroup === undefined ? await sights.memoryBytes?.() : await groupBytes(sights.cgroup);
    if (group !== undefined) this.#note("memory.cgroup", group);
  }

  /** One reading of `GET /metrics` and of the data directory. */
  async readMetrics(): Promise<void> {
    const { exchange, observe, clock, sights } = this.options;
    const answer = await exchange({ method: "GET", path: "/metrics", headers: [] });
    if (answer.status === 200) {
      const samples = readMetrics(new TextDecoder().decode(answer.body));
      observe(this.#compare(samples, clock.mono()));
      const resident = metricSum(samples, RESIDENT);
      if (resident !== undefined) this.#note("memory.reported", resident);
      const open = metricSum(samples, OPEN_FDS);
      if (open !== undefined) this.#note("process.fds_reported", open);
      this.#events = metricSum(samples, LOG_SIZE);
      this.#blobs = metricSum(samples, BLOB_BYTES) ?? 0;
    }
    const bytes = sights.data === undefined ? undefined : await folderBytes(sights.data);
    if (bytes === undefined) return;
    this.#note("storage.bytes", bytes);
    if (this.#events !== undefined && this.#events >= MIN_EVENTS) {
      this.#note("storage.per_event", Math.max(0, bytes - this.#blobs) / this.#events);
    }
  }

  /** Counters against those of the reading before. */
  #compare(samples: readonly MetricSample[], at: number): MetricsRead {
    const now = new Map<string, number>();
    for (const { key, value, grows } of samples) if (grows) now.set(key, value);
    const before = this.#counters ?? now;
    const fallen = [...now].flatMap(([key, after]) => {
      const was = before.get(key) ?? after;
      return after < was ? [{ key, before: was, after }] : [];
    });
    const since = this.#comparedAt ?? at;
    this.#counters = now;
    this.#comparedAt = at;
    return { kind: "metrics", at, since, counters: now.size, fallen: fallen.slice(0, MAX_FALLEN) };
  }

  #note(series: string, value: number): void {
    const { observe, clock } = this.options;
    observe({ kind: "sample", series, at: clock.mono(), value });
  }
}
