/** What the command line asks for, checked before anything is started. */

import { type Options, readDuration, UsageError } from "../src/cli/parse.ts";
import { parseThreshold, ThresholdError } from "../src/stats/threshold.ts";
import { readAuditor } from "./auditor_options.ts";
import { type Chaos, readChaos } from "./chaos_file.ts";
import type { GivenAuditor } from "./civil_defence.ts";
import { type DashboardSpec, readDashboard } from "./dashboard_access.ts";
import type { Shard } from "./run_state.ts";
import { type Pace, peakRate, readPace } from "./schedule.ts";
import { DEFAULT_DURATION_MS, DEFAULT_RATE } from "./soak_options.ts";
import { SOAK_METRICS } from "./thresholds.ts";
import { OPERATION_NAMES } from "./workload.ts";
import { isWorkloadFile, NO_WORKLOAD, readWorkload, type Workload } from "./workload_file.ts";

/** Callers of a closed model are made for this rate, calls per second. */
const MEASURED_RATE = 1000;
const MAX_SHARDS = 1000;

/** See the module comment. */
export interface SoakPlan {
  readonly durationMs: number;
  readonly pace: Pace;
  readonly rateText: string;
  /** Highest rate of this process, calls per second. */
  readonly rate: number;
  /** Calls this process keeps under way. */
  readonly concurrency: number | undefined;
  readonly thresholds: readonly string[];
  readonly weights: Readonly<Record<string, number>> | undefined;
  /** Few callers, so that the documented rate limits are reached. */
  readonly exceedRateLimits: boolean;
  readonly failFast: boolean;
  readonly chaos: Chaos;
  readonly shard: Shard | undefined;
  readonly auditor: GivenAuditor | undefined;
  readonly dashboard: DashboardSpec | undefined;
}

/** @throws {UsageError} If an option or a file cannot be understood. */
export async function readPlan(options: Options): Promise<SoakPlan> {
  const durationMs = options.number("duration") ?? DEFAULT_DURATION_MS;
  if (!(durationMs > 0)) throw new UsageError("soak: --duration must be longer than nothing");
  const workload = await workloadOf(options.list("workload"), durationMs);
  const stated = options.given("rate") ? undefined : workload.pace;
  const rateText = stated?.text ?? options.text("rate") ?? DEFAULT_RATE;
  const pace = stated?.pace ?? readPace(rateText, durationMs);
  if (pace === undefined) {
    throw new UsageError(
      `soak: --rate must be like 20/s, 600/m, poisson:20/s or 5..50/s, current value is "${rateText}"`,
    );
  }
  const thresholds = [...workload.thresholds, ...options.list("threshold")];
  checkThresholds(thresholds);
  const concurrency = options.number("concurrency") ?? (options.given("rate") ? undefined : workload.concurrency);
  const shard = readShard(options.text("shard"));
  if (shard !== undefined && !options.given("time-origin")) {
    throw new UsageError("soak: --shard needs --time-origin, the same for all shards: they begin together then");
  }
  if (shard !== undefined && concurrency !== undefined && concurrency < shard.count) {
    throw new UsageError(`soak: --concurrency ${concurrency} cannot be shared by ${shard.count} shards`);
  }
  const chaosFile = options.text("chaos");
  const chaos = chaosFile === undefined ? [] : await readChaos(chaosFile, durationMs);
  return {
    durationMs,
    pace,
    rateText: concurrency === undefined ? rateText : `${concurrency} at a time`,
    rate: (concurrency === undefined ? peakRate(pace) : MEASURED_RATE) / (shard?.count ?? 1),
    concurrency: concurrency === undefined ? undefined : shareOf(concurrency, shard),
    thresholds,
    weights: workload.weights,
    exceedRateLimits: workload.exceedRateLimits || options.flag("exceed-rate-limits"),
    failFast: options.flag("fail-fast"),
    chaos: [...chaos, ...restarts(options, durationMs)].toSorted((a, b) => a.atMs - b.atMs),
    shard,
    auditor: await readAuditor(options),
    dashboard: readDashboard(options),
  };
}

/** `--workload FILE.yaml` or calls with weights, not both. */
async function workloadOf(values: readonly string[], durationMs: number): Promise<Workload> {
  const [first, ...more] = values;
  if (first === undefined || !values.some(isWorkloadFile)) {
    const weights = readWeights(values);
    return weights === undefined ? NO_WORKLOAD : { ...NO_WORKLOAD, weights };
  }
  if (more.length > 0) throw new UsageError("soak: --workload is one file, or calls like market.post=4, not both");
  return await readWorkload(first, OPERATION_NAMES, durationMs);
}

/** `market.post=4,market.list=1`; undefined without any. */
export function readWeights(list: readonly string[]): Readonly<Record<string, number>> | undefined {
  if (list.length === 0) return undefined;
  const weights: Record<string, number> = {};
  for (const item of list) {
    const [name = "", weight = "1"] = item.split("=", 2);
    if (!OPERATION_NAMES.includes(name)) {
      throw new UsageError(`soak: --workload names "${name}"; known are ${OPERATION_NAMES.join(", ")}`);
    }
    const value = /^\d+(\.\d+)?$/.test(weight) ? Number(weight) : NaN;
    if (!(value >= 0)) throw new UsageError(`soak: --workload ${name} needs a weight, current value is "${weight}"`);
    weights[name] = value;
  }
  return weights;
}

/** The part of the calls under way that is this shard's. */
function shareOf(concurrency: number, shard: Shard | undefined): number {
  if (shard === undefined) return concurrency;
  const { index, count } = shard;
  return Math.floor(concurrency / count) + (index <= concurrency % count ? 1 : 0);
}

/** `2/3`; undefined without the option. */
export function readShard(text: string | undefined): Shard | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || index < 1 || index > count || count > MAX_SHARDS) {
    throw new UsageError(
      `soak: --shard must be I/N with I from 1 to N and N up to ${MAX_SHARDS}, current value is "${text}"`,
    );
  }
  return { index, count };
}

/** Refuses a wrong expression before anything is started. */
function checkThresholds(expressions: readonly string[]): void {
  try {
    for (const text of expressions) parseThreshold(text, SOAK_METRICS);
  } catch (error) {
    if (error instanceof ThresholdError) throw new UsageError(`soak: ${error.message}`);
    throw error;
  }
}

/** The short forms `--restart-at` and `--kill-at`. */
function restarts(options: Options, durationMs: number): Chaos {
  const read = (option: string, kind: "restart" | "kill") =>
    options.list(option).map((text) => {
      const atMs = readDuration(text);
      if (atMs === undefined || atMs >= durationMs) {
        throw new UsageError(`soak: --${option} must be a time within the run, current value is "${text}"`);
      }
      return { kind, atMs, forMs: 0 } as const;
    });
  return [...read("restart-at", "restart"), ...read("kill-at", "kill")];
}
