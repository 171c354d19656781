/** Sound variants of the reference node: operability. */

import { isObject, type JsonObject } from "../../protocol/mod.ts";
import { variants } from "../fault.ts";
import { sampleLine, samplesOf } from "../faults/metric_lines.ts";

/** Exit code of a shell's child that SIGTERM ended. */
const TERMINATED = 143;
const MEDIAN = 'quantile="0.5"';

/** Buckets of a histogram as one quantile sample each: the form X03 §4.2 names. */
function withQuantiles(text: string): string {
  const seen = new Set<string>();
  const lines = text.split("\n").flatMap((line) => {
    const [sample] = samplesOf(line);
    if (sample === undefined || !sample.name.endsWith("_bucket")) return [line];
    const labels = sample.labels.split(",").filter((label) => !label.startsWith("le=")).concat(MEDIAN).join(",");
    if (seen.has(sample.name + labels)) return [];
    seen.add(sample.name + labels);
    return [sampleLine({ name: sample.name.slice(0, -"_bucket".length), labels, value: 1 })];
  });
  return lines.join("\n");
}

function spanForm({ trace_id: id = null, capability = null, ts = null }: JsonObject): JsonObject {
  return { trace_id: id, capability, started_at: ts, spans: [] };
}

export const operabilityVariants = variants({
  "observability-of-x03": {
    reading: "Histograms have quantiles instead of buckets, traces are an array of entries with spans and without a " +
      "result, /ready says under status 200 that the node is not ready, and SIGTERM is how the process dies " +
      "(catalogue: histogram with quantile label, trace record, OPS-030, OPS-003; X03 §4.2, §5.1).",
    rules: {
      notReadyStatus: 200,
      exitCode: () => TERMINATED,
      tracedCall: spanForm,
    },
    outbound: (answer) => {
      const { body, route } = answer;
      if (route === "/metrics" && typeof body === "string") return { ...answer, body: withQuantiles(body) };
      if (route === "/trace/recent" && isObject(body) && Array.isArray(body.traces)) {
        return { ...answer, body: JSON.stringify(body.traces) };
      }
      return answer;
    },
  },
});
