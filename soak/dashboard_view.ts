/** What the dashboard shows of a standing: bounded, and with every text made harmless here, once. */

import { bounded, visible } from "../src/report/escape.ts";
import { clockText } from "./soak_text.ts";
import type { Standing, StandingSeries } from "./standing.ts";
import { valueText } from "./value_text.ts";

const MAX_TEXT = 500;
/** Rows of a table; a hostile target may invent error codes without end. */
const MAX_ROWS = 40;
/** Windows that are shaded in a plot. */
const MAX_WINDOWS = 200;

/** A text of a run, bounded and harmless. */
export function shownText(value: string): string {
  return visible(bounded(value, MAX_TEXT));
}

const ms = (value: number | null) => value === null ? "-" : value.toFixed(value < 10 ? 2 : 1);

/** Names and texts, in the order they are shown. */
type Rows = readonly (readonly string[])[];

/** One `standing` event. */
export interface View {
  readonly verdict: string;
  readonly reason: string;
  readonly target: string;
  readonly time: string;
  /** Share of the planned time that is over. */
  readonly done: number;
  readonly counts: Rows;
  readonly wrong: number;
  readonly failed: number;
  readonly series: readonly ShownSeries[];
  readonly offences: Rows;
  readonly monitors: Rows;
  readonly thresholds: Rows;
  readonly errors: Rows;
  readonly facts: Rows;
  readonly windows: readonly { readonly from: number; readonly to: number; readonly why: string }[];
}

/** One judged series. */
export interface ShownSeries {
  readonly name: string;
  readonly last: string;
  readonly verdict: string;
  readonly reason: string;
  /** Times in seconds and values along what was fitted, in order; null before there is anything. */
  readonly line: readonly (readonly [t_s: number, value: number])[] | null;
  /** Stretches that are not judged: warm-up, faults, gaps. */
  readonly excluded: View["windows"];
}

export function viewOf(standing: Standing): View {
  const { elapsed_s, duration_s, events, latency, audit, instrument, target } = standing;
  const wrong = events.lost + events.duplicated + events.reordered + events.changed;
  const errors = Object.entries(standing.errors).sort(([, a], [, b]) => b - a);
  return {
    verdict: standing.verdict,
    reason: shownText(standing.reason),
    target: shownText(target.url),
    time: `${clockText(elapsed_s)} of ${clockText(duration_s)}`,
    done: duration_s > 0 ? Math.min(1, elapsed_s / duration_s) : 0,
    counts: [
      [`${standing.rate.toFixed(1)}/s`, `${standing.calls} calls`],
      [`${ms(latency.p99)} ms`, `p99; p50 ${ms(latency.p50)}, max ${ms(latency.max)}`],
      [String(standing.failed), "failed calls"],
      [`${events.observed}/${events.acknowledged}`, "events observed of acknowledged"],
      [String(wrong), "events lost, duplicated, reordered or changed"],
      [slopeOf(standing.memory), "memory, slope so far"],
    ],
    wrong,
    failed: standing.failed,
    series: standing.series.map(shown),
    offences: standing.offences.map((
      { at_s, monitor, what },
    ) => [clockText(at_s), shownText(monitor), shownText(what)]),
    monitors: standing.monitors.map(({ name, outcome, offences, reason }) => [
      shownText(name),
      outcome,
      String(offences),
      shownText(reason),
    ]),
    thresholds: standing.thresholds.slice(0, MAX_ROWS).map(({ expression, verdict, offences, windows }) => [
      shownText(expression),
      verdict,
      `${offences} of ${windows}`,
    ]),
    errors: errors.slice(0, MAX_ROWS).map(([code, count]) => [shownText(code), String(count)]),
    facts: [
      ["target", shownText(`${target.url} (${target.kind}, dialect ${target.dialect})`)],
      ["load", shownText(standing.pace)],
      ["seed", String(standing.seed)],
      ["audit chain", audit.judged ? `${audit.verified} of ${audit.entries} entries verified` : "not judged so far"],
      ["tester", instrumentText(instrument)],
    ],
    windows: standing.gaps.slice(-MAX_WINDOWS).map(({ from, to, why }) => ({ from, to, why: shownText(why) })),
  };
}

function shown({ name, unit, last, verdict }: StandingSeries): ShownSeries {
  const curve = verdict?.curve ?? [];
  return {
    name: shownText(name),
    last: valueText(last, unit),
    verdict: verdict?.verdict ?? "waiting",
    reason: shownText(verdict?.reason ?? "too few samples so far"),
    line: curve.length === 0 ? null : curve.map(({ t_s, value }) => [t_s, value]),
    excluded: (verdict?.excluded ?? []).slice(-MAX_WINDOWS).map(({ from, to, why }) => ({
      from,
      to,
      why: shownText(why),
    })),
  };
}

function slopeOf(memory: Standing["memory"]): string {
  const slope = memory?.verdict?.slopePerHour ?? null;
  return memory === undefined || slope === null ? "-" : `${slope < 0 ? "" : "+"}${valueText(slope, memory.unit)}/h`;
}

function instrumentText(
  { saturated, rss_bytes: rss, send_lag_p99_ms: send, loop_lag_p99_ms: loop }: Standing["instrument"],
) {
  const lags = `send lag p99 ${ms(send)} ms, loop lag p99 ${ms(loop)} ms, ${valueText(rss, "bytes")}`;
  return saturated === null ? lags : `${lags}; SATURATED: ${shownText(saturated)}`;
}
