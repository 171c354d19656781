/** The Prometheus text of `/metrics` as JSON: counters and gauges the contract names (wire-format.md section 18). */

import { fromUtf8Lossy, type JsonObject } from "../src/protocol/mod.ts";
import { NAMES_WITHIN } from "./forms.ts";

const LINE = /^([a-zA-Z_:][\w:]*(?:\{[^}]*\})?)\s+(-?[\d.eE+]+|NaN|[+-]Inf)/;
/** They depend on the moment of reading, or on when a cancellation arrived. */
const MOMENTARY =
  /^hearthnet_(active_streams|llm_concurrent|llm_tokens_generated_total|capability_health_success_rate)\b/;
/** Samples read at most. */
const MAX_LINES = 20_000;

/** Samples by name and labels; undefined if it is no such text. Names inside labels are taken out: they may differ. */
export function readMetrics(type: string, body: Uint8Array): JsonObject | undefined {
  if (!type.toLowerCase().startsWith("text/plain")) return undefined;
  const samples: Record<string, number> = {};
  for (const line of fromUtf8Lossy(body).split("\n", MAX_LINES)) {
    const match = LINE.exec(line);
    if (match === null || !line.startsWith("hearthnet_")) continue;
    const name = (match[1] ?? "").replace(NAMES_WITHIN, "ID");
    // Buckets and sums are times.
    if (/_(bucket|sum)(\{|$)/.test(name) || MOMENTARY.test(name)) continue;
    samples[name] = Number(match[2]);
  }
  return Object.keys(samples).length === 0 ? undefined : { metrics: samples };
}
