/** Calls are answered: few fail, and no capability stops working. Error rate per code, over the run and of late. */

import { type Json, statusOf } from "../../src/protocol/mod.ts";
import { shareInterval } from "../../src/stats/share_interval.ts";
import { type CallDone, type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";
import type { SeriesStore } from "../series.ts";

/** More than one call in a hundred failing is what a user notices: twice as many as of a service at "two nines". */
export const MAX_FAILED_SHARE = 0.01;
/** Calls looked at together for what fails of late, and the least that say anything. */
export const RECENT_CALLS = 1000;
export const MIN_CALLS = 100;
/** Looked at after every failure, for days: one false alarm in 30,000 looks. */
const RECENT_Z = 4;
/** Of the whole run, which is judged once: 99%. */
const RUN_Z = 2.5758;
/** A capability of which so many calls fail one after the other, over so many milliseconds, does not work. */
export const STOPPED_CALLS = 20;
export const STOPPED_MS = 5000;
const MAX_CODES = 64;
const OTHER_CODES = "other_codes";
const SHOWN_CODES = 4;
const PERCENT = 100;
const MS_PER_SECOND = 1000;

/** Answers of a target that protects itself: the load asked for too much. */
const LIMITED: readonly string[] = ["rate_limited", "capacity_exceeded", "civdef_ack_rate_limited"];

interface Row {
  /** Whether it ever answered. */
  worked: boolean;
  /** Failures since the last answer, when the first of them came, and what that one was. */
  failed: number;
  from: number;
  code: string;
}

interface State {
  readonly calls: number;
  readonly excused: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly recent: readonly (readonly [call: number, at: number, code: string])[];
  readonly rows: Readonly<Record<string, Row>>;
  readonly spell: boolean;
  readonly window: readonly [end: number, calls: number, failed: number];
  readonly offences: Json;
}

/** See the module comment. What fails in a declared gap, or through the tester, is not counted. */
export class ErrorMonitor implements Monitor {
  readonly name = "errors";
  readonly #offences: Offences;
  readonly #codes = new Map<string, number>();
  /** Failures among the latest calls, with the number of the call. */
  #recent: (readonly [call: number, at: number, code: string])[] = [];
  readonly #rows = new Map<string, Row>();
  #calls = 0;
  /** Failures in declared gaps. */
  #excused = 0;
  /** More fail of late than may; one spell is one offence. */
  #spell = false;
  #windowEnd: number;
  #windowCalls = 0;
  #windowFailed = 0;

  /**
   * @param windowMs Length of the windows of the series `errors.percent`.
   * @param interrupted Whether a stretch of run milliseconds touches a declared gap.
   */
  constructor(
    private readonly series: SeriesStore,
    private readonly windowMs: number,
    private readonly startedAt: number,
    private readonly interrupted: (from: number, to: number) => boolean,
  ) {
    this.#offences = new Offences(startedAt);
    this.#windowEnd = startedAt + windowMs;
  }

  observe(observation: Observation): void {
    if (observation.kind !== "call") return;
    const { code, due, ended } = observation;
    if (code.startsWith("tester_")) return;
    if (code !== "ok" && this.interrupted(due, ended)) {
      this.#excused++;
      return;
    }
    this.#count(ended, code !== "ok");
    this.#calls++;
    if (code === "ok") {
      const row = this.#row(observation.capability);
      row.worked = true;
      row.failed = 0;
      return;
    }
    const known = this.#codes.has(code) || this.#codes.size < MAX_CODES ? code : OTHER_CODES;
    this.#codes.set(known, (this.#codes.get(known) ?? 0) + 1);
    if (LIMITED.includes(code)) return;
    this.#stopped(observation, known);
    if (this.#row(observation.capability).worked || !isRefusal(code)) this.#ofLate(ended, known);
  }

  state(): Json {
    const state: State = {
      calls: this.#calls,
      excused: this.#excused,
      codes: Object.fromEntries(this.#codes),
      recent: [...this.#recent],
      rows: Object.fromEntries([...this.#rows].map(([name, row]) => [name, { ...row }])),
      spell: this.#spell,
      window: [this.#windowEnd, this.#windowCalls, this.#windowFailed],
      offences: this.#offences.state(),
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const { calls, excused, codes, recent, rows, spell, window, offences } = stored as unknown as State;
    this.#calls = calls;
    this.#excused = excused;
    for (const [code, count] of Object.entries(codes)) this.#codes.set(code, count);
    this.#recent = [...recent];
    for (const [name, row] of Object.entries(rows)) this.#rows.set(name, { ...row });
    this.#spell = spell;
    [this.#windowEnd, this.#windowCalls, this.#windowFailed] = window;
    this.#offences.restore(offences);
  }

  /**
   * Violated: a capability stopped, or too many calls fail of late or over the run. Inconclusive: the share of failures
   * is not known to be small, or the target refused so much that the load was another than planned.
   */
  verdict(): MonitorVerdict {
    const calls = this.#calls;
    const all = [...this.#codes].sort(([, a], [, b]) => b - a);
    const sum = (codes: readonly (readonly [string, number])[]) => codes.reduce((total, [, count]) => total + count, 0);
    const refused = all.filter(([code]) => LIMITED.includes(code) || this.#onlyRefused(code));
    const failed = all.filter((one) => !refused.includes(one));
    const [low, high] = shareInterval(sum(failed), calls, RUN_Z);
    const { name } = this;
    const said = `${sum(failed)} of ${calls} calls failed`;
    const which = failed.length === 0 ? "" : ` (${codesText(failed)})`;
    const excused = this.#excused === 0 ? "" : `, and ${this.#excused} in declared faults`;
    const found = this.#offences.verdict(name, calls, `${said}${which}${excused}`);
    if (found.outcome === "violated") return { ...found, reason: `${found.reason}; in all ${said}` };
    if (found.outcome !== "sound") return found;
    const limit = percentText(MAX_FAILED_SHARE);
    if (calls >= MIN_CALLS && low > MAX_FAILED_SHARE) {
      const reason = `${said}${which}: at least ${percentText(low)} with 99% confidence, ${limit} is the limit`;
      return { name, outcome: "violated", reason, offences: sum(failed) };
    }
    if (failed.length > 0 && high >= MAX_FAILED_SHARE) {
      const reason = `${said}${which}: up to ${percentText(high)} with 99% confidence, ${limit} is the limit`;
      return { name, outcome: "inconclusive", reason, offences: 0 };
    }
    if (sum(refused) > MAX_FAILED_SHARE * calls) {
      const reason = `${sum(refused)} of ${calls} calls were refused (${
        codesText(refused)
      }): the load was not as planned`;
      return { name, outcome: "inconclusive", reason, offences: 0 };
    }
    return found;
  }

  #row(capability: string): Row {
    let row = this.#rows.get(capability);
    if (row === undefined) this.#rows.set(capability, row = { worked: false, failed: 0, from: 0, code: "" });
    return row;
  }

  /** Every capability that had this code never answered anything else: we may not call it, which is no failure. */
  #onlyRefused(code: string): boolean {
    return isRefusal(code) && ![...this.#rows.values()].some((row) => row.worked && row.code === code);
  }

  #stopped({ capability, ended }: CallDone, code: string): void {
    const row = this.#row(capability);
    if (row.failed++ === 0) row.from = ended;
    row.code = code;
    if (row.failed < STOPPED_CALLS || ended - row.from < STOPPED_MS || (!row.worked && isRefusal(code))) return;
    // One row is one offence: the next is told after another as long.
    row.failed = 0;
    const how = row.worked ? "stopped working" : "never worked";
    this.#offences.add(row.from, `${capability} ${how}: ${STOPPED_CALLS} calls in a row failed, at last with ${code}`);
  }

  #ofLate(at: number, code: string): void {
    this.#recent.push([this.#calls, at, code]);
    while ((this.#recent[0]?.[0] ?? Infinity) <= this.#calls - RECENT_CALLS) this.#recent.shift();
    const calls = Math.min(this.#calls, RECENT_CALLS);
    const failed = this.#recent.length;
    const before = this.#spell;
    this.#spell = calls >= MIN_CALLS && shareInterval(failed, calls, RECENT_Z)[0] > MAX_FAILED_SHARE;
    if (!this.#spell || before) return;
    const counts = [...Map.groupBy(this.#recent, ([, , one]) => one)].map(([one, list]) => [one, list.length] as const);
    const first = this.#recent[0]?.[1] ?? at;
    this.#offences.add(first, `${failed} of the last ${calls} calls failed (${codesText(counts)})`);
  }

  #count(at: number, failed: boolean): void {
    while (at >= this.#windowEnd) {
      if (this.#windowCalls > 0) {
        const t_s = (this.#windowEnd - this.startedAt) / MS_PER_SECOND;
        this.series.add("errors.percent", t_s, PERCENT * this.#windowFailed / this.#windowCalls);
      }
      this.#windowCalls = this.#windowFailed = 0;
      this.#windowEnd += this.windowMs;
    }
    this.#windowCalls++;
    if (failed) this.#windowFailed++;
  }
}

/** The target says that we may not: a matter of access, as long as it always did. */
function isRefusal(code: string): boolean {
  const status = statusOf(code);
  return status === 401 || status === 403 || status === 404 || status === 501;
}

function codesText(codes: readonly (readonly [string, number])[]): string {
  const shown = codes.slice(0, SHOWN_CODES).map(([code, count]) => `${code} ${count}`).join(", ");
  return codes.length > SHOWN_CODES ? `${shown} and ${codes.length - SHOWN_CODES} other codes` : shown;
}

function percentText(share: number): string {
  return `${Number((PERCENT * share).toPrecision(2))}%`;
}
