/** The Prometheus text of `/metrics` as JSON: counters and gauges the contract names (wire-format.md section 18). */

import { fromUtf8Lossy, type JsonObject } from "../src/protocol/mod.ts";
import { NAMES_WITHIN } from "../src/protocol/forms.ts";

const LINE = /^([a-zA-Z_:][\w:]*(?:\{[^}]*\})?)\s+(-?[\d.eE+]+|NaN|[+-]Inf)/;
/** Of the last calls only, by when they came. */
const BY_THE_MOMENT = /^hearthnet_capability_health_success_rate\b/;
/** Samples read at most. */
const MAX_LINES = 20_000;

/** What the text says. */
export interface MetricsText {
  /** `{metrics: {NAME{LABELS}: value}}`; names inside labels are taken out, they may differ. */
  readonly value: JsonObject;
  /** Sums of histograms by name, over all labels: they are times. */
  readonly sums: ReadonlyMap<string, number>;
}

/** Samples by name and labels; undefined if it is no such text. */
export function readMetrics(type: string, body: Uint8Array): MetricsText | undefined {
  if (!type.toLowerCase().startsWith("text/plain")) return undefined;
  const samples: Record<string, number> = {};
  const sums = new Map<string, number>();
  for (const line of fromUtf8Lossy(body).split("\n", MAX_LINES)) {
    const match = LINE.exec(line);
    if (match === null || !line.startsWith("hearthnet_")) continue;
    const name = (match[1] ?? "").replace(NAMES_WITHIN, "ID");
    const value = Number(match[2]);
    const sum = /^(\w+_sum)(\{|$)/.exec(name)?.[1];
    if (sum !== undefined) sums.set(sum, (sums.get(sum) ?? 0) + value);
    // How many calls fall into which bucket depends on times as well.
    if (sum !== undefined || /_bucket(\{|$)/.test(name) || BY_THE_MOMENT.test(name)) continue;
    samples[name] = value;
  }
  return Object.keys(samples).length === 0 ? undefined : { value: { metrics: samples }, sums };
}
