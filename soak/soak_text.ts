/** A run in words: the live line, and the verdict at its end. */

import { visible } from "../src/report/escape.ts";
import { pad, wrap } from "../src/report/text.ts";
import type { SoakReport } from "./soak_report.ts";
import type { Status } from "./soak_run.ts";

const MIB = 1_048_576;
const NAME_COLUMNS = 18;

/** `1:02:03` or `02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** The one line that is replaced while a run goes on. */
export function liveLine(status: Status): string {
  const { elapsed_s, duration_s, calls, p99, errors, rss, acknowledged, observed, first } = status;
  const parts = [
    `${clockText(elapsed_s)}/${clockText(duration_s)}`,
    `${elapsed_s > 0 ? (calls / elapsed_s).toFixed(1) : "0.0"}/s`,
    `p99 ${p99 === null ? "-" : p99.toFixed(1)} ms`,
    `errors ${errors}`,
    ...(rss === undefined ? [] : [`rss ${(rss / MIB).toFixed(1)} MiB`]),
    `events ${observed}/${acknowledged}`,
    first === undefined ? "nothing violated so far" : `VIOLATED ${visible(first)}`,
  ];
  return parts.join("  ");
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
    lines.push(`  ${pad(name, NAME_COLUMNS)}${first}`);
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
  row("errors", errors === "" ? "none" : errors);
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
