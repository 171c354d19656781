/**
 * What to send, as YAML. Every member may be left out; what the command line says comes first.
 *
 *     schema: hearthproof.workload/1
 *     weights: { market.post: 4, market.expire: 4, market.list: 2, llm.chat: 0.5 }   # what is not named is not called
 *     rate: 20/s                                             # or poisson:20/s, or 5..50/s over the whole run
 *     rate: { shape: ramp, from: 5/s, to: 50/s, over: 10m }  # constant from then on
 *     rate: { shape: poisson, mean: 20/s }
 *     concurrency: 32                                        # calls kept under way, instead of a rate
 *     thresholds: ["latency.p99 < 250ms over 5m", "errors.rate < 0.1% over 10m"]
 *     exceed_rate_limits: false                              # true: few callers, so that limits are reached
 */

import { parse as parseYaml } from "@std/yaml";
import { readDuration, UsageError } from "../src/cli/parse.ts";
import { readOptionFile } from "../src/cli/target_options.ts";
import { isObject } from "../src/protocol/mod.ts";
import { parseThreshold, ThresholdError } from "../src/stats/threshold.ts";
import { type Pace, readPace } from "./schedule.ts";
import { SOAK_METRICS } from "./thresholds.ts";

const SCHEMA = "hearthproof.workload/1";
const MEMBERS: readonly string[] = [
  "schema",
  "weights",
  "rate",
  "concurrency",
  "thresholds",
  "exceed_rate_limits",
];
const MAX_CONCURRENCY = 1000;
const MAX_WEIGHT = 1_000_000;
/** Members of a rate by its shape. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  constant: ["rate"],
  poisson: ["mean"],
  ramp: ["from", "to", "over"],
};

/** What a file says; members it leaves out are absent. */
export interface Workload {
  readonly weights?: Readonly<Record<string, number>>;
  readonly pace?: { readonly pace: Pace; readonly text: string };
  readonly concurrency?: number;
  readonly thresholds: readonly string[];
  readonly exceedRateLimits: boolean;
}

export const NO_WORKLOAD: Workload = { thresholds: [], exceedRateLimits: false };

/** Whether a value of `--workload` names a file; calls are written NAME or NAME=WEIGHT. */
export function isWorkloadFile(value: string): boolean {
  return /\.ya?ml$/i.test(value) || value.includes("/");
}

/** @throws {UsageError} If the file cannot be read or holds something else; the message says where. */
export async function readWorkload(path: string, known: readonly string[], durationMs: number): Promise<Workload> {
  const text = new TextDecoder().decode(await readOptionFile("workload", path));
  try {
    return parseWorkload(text, known, durationMs);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`soak: --workload ${path}: ${error.message}`);
    throw error;
  }
}

/**
 * @param known Names of calls a workload may have.
 * @param durationMs Length of the run: what a ramp without `over` takes.
 * @throws {UsageError} If the text is not of the form.
 */
export function parseWorkload(text: string, known: readonly string[], durationMs: number): Workload {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new UsageError(
      `it is no YAML: ${String(error instanceof Error ? error.message : error).split("\n", 1)[0]?.replace(/:$/, "")}`,
    );
  }
  if (!isObject(value)) throw new UsageError("it must be a mapping with schema and weights");
  const { schema, weights, rate, concurrency, thresholds, exceed_rate_limits: exceed } = value;
  if (schema !== SCHEMA) throw new UsageError(`schema must be ${SCHEMA}, current value is ${shown(schema)}`);
  for (const name of Object.keys(value)) {
    if (!MEMBERS.includes(name)) throw new UsageError(`${name} is not known here; there are ${MEMBERS.join(", ")}`);
  }
  if (rate !== undefined && concurrency !== undefined) {
    throw new UsageError("rate and concurrency exclude each other; leave out one of them");
  }
  return {
    ...(weights === undefined ? {} : { weights: readWeights(weights, known) }),
    ...(rate === undefined ? {} : { pace: readRate(rate, durationMs) }),
    ...(concurrency === undefined ? {} : { concurrency: readConcurrency(concurrency) }),
    thresholds: thresholds === undefined ? [] : readTexts(thresholds),
    exceedRateLimits: exceed === undefined ? false : readFlag(exceed),
  };
}

function readWeights(value: unknown, known: readonly string[]): Readonly<Record<string, number>> {
  if (!isObject(value) || Object.keys(value).length === 0) {
    throw new UsageError("weights must be a mapping like { market.post: 4 }");
  }
  const weights: Record<string, number> = {};
  for (const [name, weight] of Object.entries(value)) {
    if (!known.includes(name)) throw new UsageError(`weights: ${name} is not known; there are ${known.join(", ")}`);
    if (typeof weight !== "number" || !(weight >= 0) || weight > MAX_WEIGHT) {
      throw new UsageError(
        `weights: ${name} must be a number from 0 to ${MAX_WEIGHT}, current value is ${shown(weight)}`,
      );
    }
    weights[name] = weight;
  }
  if (Object.values(weights).every((weight) => weight === 0)) throw new UsageError("weights: all of them are 0");
  return weights;
}

function readRate(value: unknown, durationMs: number): { readonly pace: Pace; readonly text: string } {
  if (!isObject(value)) {
    const text = typeof value === "number" ? `${value}/s` : value;
    const pace = typeof text === "string" ? readPace(text, durationMs) : undefined;
    if (pace !== undefined) return { pace, text: String(text) };
    throw new UsageError(`rate must be like 20/s, poisson:20/s or 5..50/s, current value is ${shown(value)}`);
  }
  const { shape } = value;
  const members = typeof shape === "string" && Object.hasOwn(SHAPES, shape) ? SHAPES[shape] : undefined;
  if (members === undefined) {
    throw new UsageError(`rate.shape must be constant, poisson or ramp, current value is ${shown(shape)}`);
  }
  for (const name of Object.keys(value)) {
    if (name !== "shape" && !members.includes(name)) {
      throw new UsageError(`rate.${name} is not known for ${shape}; there are ${members.join(", ")}`);
    }
  }
  const perSecond = (name: string): number => {
    const text = typeof value[name] === "number" ? `${value[name]}/s` : value[name];
    const pace = typeof text === "string" ? readPace(text, durationMs) : undefined;
    if (pace?.kind === "constant") return pace.perSecond;
    throw new UsageError(`rate.${name} must be like 20/s or 600/m, current value is ${shown(value[name])}`);
  };
  if (shape === "ramp") {
    const [from, to] = [perSecond("from"), perSecond("to")];
    const over = value["over"];
    const overMs = over === undefined ? durationMs : typeof over === "string" ? readDuration(over) : undefined;
    if (overMs === undefined || overMs <= 0) {
      throw new UsageError(`rate.over must be a time like 10m, current value is ${shown(over)}`);
    }
    return { pace: { kind: "ramp", from, to, overMs }, text: `${from}..${to}/s over ${overMs / 1000} s` };
  }
  const mean = perSecond(shape === "poisson" ? "mean" : "rate");
  return shape === "poisson"
    ? { pace: { kind: "poisson", perSecond: mean }, text: `poisson:${mean}/s` }
    : { pace: { kind: "constant", perSecond: mean }, text: `${mean}/s` };
}

function readConcurrency(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_CONCURRENCY) return value as number;
  throw new UsageError(
    `concurrency must be a whole number from 1 to ${MAX_CONCURRENCY}, current value is ${shown(value)}`,
  );
}

function readTexts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every((text) => typeof text === "string")) {
    throw new UsageError('thresholds must be a list like ["latency.p99 < 250ms over 5m"]');
  }
  for (const [place, text] of value.entries()) {
    try {
      parseThreshold(text, SOAK_METRICS);
    } catch (error) {
      if (!(error instanceof ThresholdError)) throw error;
      throw new UsageError(`thresholds, entry ${place + 1}: ${error.message}`);
    }
  }
  return value;
}

function readFlag(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new UsageError(`exceed_rate_limits must be true or false, current value is ${shown(value)}`);
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
