/**
 * Faults on purpose, as YAML:
 *
 *     schema: hearthproof.chaos/1
 *     faults:
 *       - { do: restart, at: 30s }                          # SIGTERM and start again
 *       - { do: kill, at: 1m, for: 5s }                     # SIGKILL; away so long before it is started again
 *       - { do: pause, at: 2m, for: 10s }                   # SIGSTOP, SIGCONT
 *       - { do: delay, at: 3m, for: 20s, ms: 200 }          # requests are held up
 *       - { do: drop, at: 4m, for: 20s, chance: 0.1 }       # connections close without an answer
 *       - { do: reset, at: 5m, for: 20s, chance: 0.1 }      # connections are reset
 *       - { do: skew, at: 6m, for: 20s, by: -10m }          # times in what we send are wrong by so much
 *       - { do: kill, at: 10m, every: 10m }                 # again and again
 */

import { parse as parseYaml } from "@std/yaml";
import { readDuration, UsageError } from "../src/cli/parse.ts";

const SCHEMA = "hearthproof.chaos/1";
const MAX_BYTES = 1_048_576;
/** More than a run can hold is a mistake. */
const MAX_FAULTS = 10_000;
/** Longest hold-up of a request: above it every call is over its deadline (wire-format.md section 15). */
const MAX_DELAY_MS = 60_000;

const KINDS = ["restart", "kill", "pause", "delay", "drop", "reset", "skew"] as const;
export type ChaosKind = typeof KINDS[number];

/** Members each kind may have beside `do`, `at` and `every`. */
const MEMBERS: Readonly<Record<ChaosKind, readonly string[]>> = {
  restart: ["for"],
  kill: ["for"],
  pause: ["for"],
  delay: ["for", "ms", "chance"],
  drop: ["for", "chance"],
  reset: ["for", "chance"],
  skew: ["for", "by"],
};

/** One fault. Times in milliseconds of the run. */
export interface ChaosFault {
  readonly kind: ChaosKind;
  readonly atMs: number;
  readonly forMs: number;
  /** Of requests that are hit. */
  readonly chance?: number;
  readonly delayMs?: number;
  readonly skewMs?: number;
}

export type Chaos = readonly ChaosFault[];

/** @throws {UsageError} If the file cannot be read or holds something else; the message says where. */
export async function readChaos(path: string, durationMs: number): Promise<Chaos> {
  let text: string;
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_BYTES) throw new UsageError(`soak: --chaos ${path}: it is longer than ${MAX_BYTES} bytes`);
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : "it cannot be read";
    throw new UsageError(`soak: --chaos ${path}: ${why}`);
  }
  try {
    return parseChaos(text, durationMs);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`soak: --chaos ${path}: ${error.message}`);
    throw error;
  }
}

/** Faults in the order in which they come. @throws {UsageError} If the text is not of the form. */
export function parseChaos(text: string, durationMs: number): Chaos {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new UsageError(
      `it is no YAML: ${String(error instanceof Error ? error.message : error).split("\n", 1)[0]?.replace(/:$/, "")}`,
    );
  }
  const { schema, faults, ...rest } = membersOf(value) ?? {};
  if (schema !== SCHEMA) throw new UsageError(`schema must be ${SCHEMA}, current value is ${shown(schema)}`);
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new UsageError(`${unknown} is not known here; there are schema and faults`);
  if (!Array.isArray(faults) || faults.length === 0) throw new UsageError("faults must be a list of at least one");
  const read = faults.flatMap((fault, index) => readFault(fault, `fault ${index + 1}`, durationMs));
  if (read.length > MAX_FAULTS) throw new UsageError(`there are ${read.length} faults, at most ${MAX_FAULTS} can be`);
  const sorted = read.toSorted((a, b) => a.atMs - b.atMs);
  for (const [index, fault] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || before.atMs + before.forMs <= fault.atMs) continue;
    throw new UsageError(
      `${fault.kind} at ${fault.atMs / 1000} s begins before ${before.kind} at ${before.atMs / 1000} s is over`,
    );
  }
  return sorted;
}

function readFault(value: unknown, where: string, durationMs: number): ChaosFault[] {
  const members = membersOf(value);
  if (members === undefined) throw new UsageError(`${where} must be a mapping like { do: kill, at: 1m }`);
  const kind = KINDS.find((known) => known === members.do);
  if (kind === undefined) {
    throw new UsageError(`${where}: do must be one of ${KINDS.join(", ")}, current value is ${shown(members.do)}`);
  }
  const allowed = ["do", "at", "every", ...MEMBERS[kind]];
  for (const name of Object.keys(members)) {
    if (!allowed.includes(name)) {
      throw new UsageError(`${where}: ${name} is not known for ${kind}; there are ${allowed.join(", ")}`);
    }
  }
  const duration = (name: string): number | undefined => {
    const text = members[name];
    if (text === undefined) return undefined;
    const ms = typeof text === "string" ? readDuration(text) : undefined;
    if (ms === undefined) {
      throw new UsageError(`${where}: ${name} must be a time like 90s, current value is ${shown(text)}`);
    }
    return ms;
  };
  const at = duration("at") ?? duration("every");
  if (at === undefined) throw new UsageError(`${where}: at is missing`);
  if (at >= durationMs) throw new UsageError(`${where}: at must be within the run of ${durationMs / 1000} s`);
  const ends = kind === "restart" || kind === "kill";
  const forMs = duration("for") ?? (ends ? 0 : undefined);
  if (forMs === undefined || (!ends && forMs <= 0)) throw new UsageError(`${where}: ${kind} needs for, how long`);
  const every = duration("every");
  if (every !== undefined && every <= forMs) throw new UsageError(`${where}: every must be longer than for`);
  // The end of a run is for looking whether everything arrived.
  if (at + forMs >= durationMs) {
    throw new UsageError(`${where}: it must be over before the run of ${durationMs / 1000} s is`);
  }
  const fault = { kind, forMs, ...ofKind(kind, members, where) };
  const times: number[] = [];
  for (let time = at; time + forMs < durationMs; time += every ?? Infinity) times.push(time);
  return times.map((atMs) => ({ ...fault, atMs }));
}

/** Members that only one kind has. */
function ofKind(kind: ChaosKind, members: Readonly<Record<string, unknown>>, where: string): Partial<ChaosFault> {
  const { chance, ms, by } = members;
  if (chance !== undefined && !(typeof chance === "number" && chance > 0 && chance <= 1)) {
    throw new UsageError(`${where}: chance must be above 0 and at most 1, current value is ${shown(chance)}`);
  }
  const rest = typeof chance === "number" ? { chance } : {};
  if (kind === "delay") {
    if (!(typeof ms === "number" && ms > 0 && ms <= MAX_DELAY_MS)) {
      throw new UsageError(`${where}: ms must be from 1 to ${MAX_DELAY_MS}, current value is ${shown(ms)}`);
    }
    return { ...rest, delayMs: ms };
  }
  if (kind === "skew") {
    const sign = typeof by === "string" && by.startsWith("-") ? -1 : 1;
    const skew = typeof by === "string" ? readDuration(by.replace(/^[-+]/, "")) : undefined;
    if (skew === undefined || skew === 0) {
      throw new UsageError(`${where}: by must be a time like -10m, current value is ${shown(by)}`);
    }
    return { skewMs: sign * skew };
  }
  return rest;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Readonly<Record<string, unknown>>
    : undefined;
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value) ?? String(value);
}
