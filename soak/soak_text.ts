/** A run in words: the live line, and the verdict at its end. */

import { visible } from "../src/report/escape.ts";
import { pad, wrap } from "../src/report/text.ts";
import type { SoakReport } from "./soak_report.ts";
import type { Standing } from "./standing.ts";
import { valueText } from "./value_text.ts";

const NAME_COLUMNS = 18;

/** `1:02:03` or `02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** Columns that must be left for the reason of a verdict, else it is left out. */
const LEAST_REASON = 12;

/**
 * The one line that is replaced while a run goes on: the fullest form that fits, with what was found last at its end.
 * The last column stays free, since some terminals wrap there.
 */
export function liveLine(standing: Standing, width: number = Infinity): string {
  const forms = [wideForm(standing, true), wideForm(standing, false), narrowForm(standing, true)];
  const line = forms.find(({ length }) => length < width) ?? narrowForm(standing, false);
  const { verdict, reason } = standing;
  if (verdict === "stable" || verdict === "inconclusive") return line.slice(0, width - 1);
  const whole = `${line}: ${visible(reason)}`;
  if (whole.length < width) return whole;
  return width - line.length < LEAST_REASON ? line.slice(0, width - 1) : `${whole.slice(0, width - 2)}…`;
}

function wideForm(standing: Standing, full: boolean): string {
  const { elapsed_s, duration_s, rate, latency: { p99 }, failed, memory, events } = standing;
  const grows = slopeText(memory);
  const shown = [
    ...(memory !== undefined && (full || grows === undefined) ? [valueText(memory.last, "bytes")] : []),
    ...(grows === undefined ? [] : [grows]),
  ];
  return [
    `${clockText(elapsed_s)}/${clockText(duration_s)}`,
    `${rate.toFixed(1)}/s`,
    `p99 ${p99 === null ? "-" : p99.toFixed(1)} ms`,
    `errors ${failed}`,
    ...(shown.length === 0 ? [] : [`memory ${shown.join(" ")}`]),
    `events ${events.observed}/${events.acknowledged}`,
    verdictText(standing),
  ].join("  ");
}

/** @param planned With the planned duration and the acknowledged events. */
function narrowForm(standing: Standing, planned: boolean): string {
  const { elapsed_s, duration_s, rate, latency: { p99 }, failed, memory, events } = standing;
  const grows = slopeText(memory) ?? (memory === undefined ? undefined : valueText(memory.last, "bytes"));
  return [
    clockText(elapsed_s) + (planned ? `/${clockText(duration_s)}` : ""),
    `${rate.toFixed(rate < 100 ? 1 : 0)}/s`,
    `p99 ${p99 === null ? "-" : p99.toFixed(p99 < 10 ? 1 : 0)}ms`,
    `${failed} err`,
    ...(grows === undefined ? [] : [grows.replace(" ", "")]),
    `ev ${events.observed}${planned ? `/${events.acknowledged}` : ""}`,
    verdictText(standing),
  ].join(" ");
}

function slopeText(memory: Standing["memory"]): string | undefined {
  const slope = memory?.verdict?.slopePerHour ?? null;
  return slope === null ? undefined : `${slope < 0 ? "" : "+"}${valueText(slope, "bytes")}/h`;
}

/** A violation stays one; everything else may still change. */
function verdictText({ verdict }: Standing): string {
  if (verdict === "violated") return "VIOLATED";
  return `${verdict === "drifting" || verdict === "invalid" ? verdict.toUpperCase() : verdict} so far`;
}

/** A verdict that leaves the audit chain out says so in its own line. */
function auditNote({ audit_chain }: SoakReport): string {
  return audit_chain.judged ? "" : " (audit chain not judged)";
}

/** The verdict with its numbers. */
export function reportLines(report: SoakReport, width: number): string[] {
  const { events, latency, instrument } = report;
  const lines = [
    ...wrap(`${report.verdict.toUpperCase()}${auditNote(report)}: ${visible(report.reason)}`, width),
    "",
    `${report.load.calls} calls in ${clockText(report.duration_s)}, seed ${report.seed}, target ${
      visible(report.target.url)
    }`,
  ];
  const row = (name: string, text: string) => {
    const [first = "", ...more] = wrap(visible(text), width - NAME_COLUMNS - 2);
    if (name.length < NAME_COLUMNS) lines.push(`  ${pad(name, NAME_COLUMNS)}${first}`);
    else lines.push(`  ${name}`, `  ${" ".repeat(NAME_COLUMNS)}${first}`);
    for (const line of more) lines.push(`  ${" ".repeat(NAME_COLUMNS)}${line}`);
  };
  const ms = (value: number | null) => value === null ? "-" : value.toFixed(1);
  row("latency", `p50 ${ms(latency.p50)}  p99 ${ms(latency.p99)}  max ${ms(latency.max)} ms, from when calls were due`);
  row(
    "events",
    `${events.acknowledged} acknowledged, ${events.observed} observed, ${events.lost} lost, ${events.duplicated} ` +
      `duplicated, ${events.reordered} reordered, ${events.changed} changed, ${events.late} late`,
  );
  const errors = Object.entries(report.errors).map(([code, count]) => `${code} ${count}`).join(", ");
  if (errors !== "") row("error codes", errors);
  for (const monitor of report.monitors) {
    if (monitor.name === "latency" || monitor.name === "events") continue;
    if (monitor.name === "audit-chain" && !report.audit_chain.judged) continue;
    row(monitor.name, `${monitor.outcome}: ${monitor.reason}`);
  }
  const { audit_chain: audit } = report;
  if (!audit.judged) row("audit-chain", `not judged: ${audit.reason ?? ""}`);
  for (const { name, verdict, reason } of report.series) row(name, `${verdict}: ${reason}`);
  for (const { expression, verdict, offences, windows } of report.thresholds) {
    row("threshold", `${expression}: ${verdict}, ${offences} of ${windows} windows broke it`);
  }
  for (const { from, to, why } of report.gaps) row("gap", `${clockText(from)} to ${clockText(to)}: ${why}`);
  row(
    "tester",
    `send lag p99 ${ms(instrument.send_lag_p99_ms)} ms, loop lag p99 ${ms(instrument.loop_lag_p99_ms)} ms` +
      (instrument.heap_verdict === null ? "" : `, heap ${instrument.heap_verdict}`) +
      (instrument.saturated === null ? "" : `, SATURATED: ${instrument.saturated}`),
  );
  const offending = report.monitors.flatMap(({ name, first_offence: first, offences }) =>
    first === undefined ? [] : [{ name, first, offences }]
  );
  for (const { name, first, offences } of offending) {
    lines.push(
      "",
      ...wrap(`First of ${offences} in ${name}, at ${first.at_s.toFixed(1)} s: ${visible(first.what)}`, width),
    );
  }
  return lines;
}
