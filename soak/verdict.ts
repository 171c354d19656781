/** From monitors, series and the tester's own state to one verdict. */

import { judgeFamily, type SeriesVerdict } from "../src/stats/judge_series.ts";
import { median } from "../src/stats/quantile.ts";
import type { Excluded } from "../src/stats/sample.ts";
import type { MonitorVerdict } from "./observation.ts";
import { JUDGED, type SeriesKind, type SeriesStore, SETTLING_S } from "./series.ts";

export type SoakVerdict = "stable" | "drifting" | "violated" | "inconclusive" | "invalid";

/** A judged series. */
export interface JudgedSeries {
  readonly kind: SeriesKind;
  readonly verdict: SeriesVerdict;
}

/** Judges every series that has samples, together. */
export function judgeAll(series: SeriesStore, excluded: readonly Excluded[]): readonly JudgedSeries[] {
  const kinds = JUDGED.filter(({ name }) => series.of(name).length > 0);
  const verdicts = judgeFamily(kinds.map(({ name }) => ({ samples: series.of(name), options: { excluded } })));
  return kinds.flatMap((kind, index) => {
    const verdict = verdicts[index];
    return verdict === undefined ? [] : [{ kind, verdict: settled(kind, verdict, series) }];
  });
}

/** Takes a verdict of drift back where all of the rise may be the settling of a process that has just started. */
function settled(kind: SeriesKind, verdict: SeriesVerdict, series: SeriesStore): SeriesVerdict {
  const samples = series.of(kind.name);
  const watched = samples.at(-1)?.t_s ?? 0;
  if (verdict.verdict !== "drifting" || watched >= SETTLING_S || verdict.line === null) return verdict;
  const [from, to] = verdict.line;
  const rise = to.value - from.value;
  const allowed = kind.settlingRise(median(samples.map(({ value }) => value)));
  if (rise >= allowed) return verdict;
  const longer = SETTLING_S - watched;
  return {
    ...verdict,
    verdict: "inconclusive",
    reason: `it rose by ${short(rise)} ${kind.unit}; up to ${short(allowed)} may be a process settling in its first ${
      SETTLING_S / 60
    } minutes`,
    longer_s: longer,
  };
}

/** What the verdict of a run rests on. */
export interface Findings {
  readonly saturated: string | undefined;
  readonly monitors: readonly MonitorVerdict[];
  readonly thresholds: readonly { readonly expression: string; readonly verdict: string; readonly reason: string }[];
  readonly series: readonly JudgedSeries[];
  /** Calls finished. */
  readonly calls: number;
}

/** One word, and the sentence that explains it. First that applies: invalid, violated, drifting, inconclusive, stable. */
export function conclude(findings: Findings): { readonly verdict: SoakVerdict; readonly reason: string } {
  const { saturated, monitors, thresholds, series, calls } = findings;
  if (saturated !== undefined) return { verdict: "invalid", reason: `the tester was the bottleneck: ${saturated}` };
  const violated = monitors.filter(({ outcome }) => outcome === "violated");
  const first = violated.toSorted((a, b) => (a.first_offence?.at_s ?? 0) - (b.first_offence?.at_s ?? 0))[0];
  if (first !== undefined) return { verdict: "violated", reason: `${first.name}: ${first.reason}` };
  const broken = thresholds.find(({ verdict }) => verdict === "violated");
  if (broken !== undefined) return { verdict: "violated", reason: `${broken.expression}: ${broken.reason}` };
  const drifting = series.find(({ verdict }) => verdict.verdict === "drifting");
  if (drifting !== undefined) {
    return { verdict: "drifting", reason: `${drifting.kind.name} (${drifting.kind.unit}): ${drifting.verdict.reason}` };
  }
  if (calls === 0) return { verdict: "inconclusive", reason: "no call finished" };
  if (series.length === 0) return { verdict: "inconclusive", reason: "there was no series to judge" };
  const open = series.find(({ verdict }) => verdict.verdict === "inconclusive");
  if (open !== undefined) {
    return { verdict: "inconclusive", reason: `${open.kind.name} (${open.kind.unit}): ${open.verdict.reason}` };
  }
  const unsure = monitors.find(({ outcome }) => outcome === "inconclusive");
  if (unsure !== undefined) return { verdict: "inconclusive", reason: `${unsure.name}: ${unsure.reason}` };
  return { verdict: "stable", reason: `nothing was violated and ${series.length} series stay below their limits` };
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
