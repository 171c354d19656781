/** The target's own metrics: Prometheus text, read within bounds (wire-format.md section 18). */

/** One sample; `key` is name and labels as the target wrote them. */
export interface MetricSample {
  readonly name: string;
  readonly key: string;
  readonly value: number;
  /** A counter, or a part of a histogram, may only grow. */
  readonly grows: boolean;
}

/** Longest text that is read, and samples of it. */
const MAX_TEXT = 2_097_152;
const MAX_SAMPLES = 2000;
const MAX_KEY = 300;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})?\s+(\S+)/;
const TYPE = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)/;
const PARTS = /_(bucket|sum|count)$/;

/** Reads what it understands and passes over the rest; never raises. */
export function readMetrics(text: string): readonly MetricSample[] {
  const kinds = new Map<string, string>();
  const samples: MetricSample[] = [];
  for (const line of text.slice(0, MAX_TEXT).split("\n")) {
    const type = TYPE.exec(line);
    if (type !== null) {
      kinds.set(type[1] ?? "", type[2] ?? "");
      continue;
    }
    const match = line.startsWith("#") ? null : SAMPLE.exec(line);
    const value = Number(match?.[3]);
    if (match === null || !Number.isFinite(value) || samples.length >= MAX_SAMPLES) continue;
    const [name = "", labels = ""] = [match[1], match[2]];
    const kind = kinds.get(name) ?? kinds.get(name.replace(PARTS, ""));
    const grows = kind === "counter" || (PARTS.test(name) && (kind === "histogram" || kind === "summary"));
    samples.push({ name, key: `${name}${labels}`.slice(0, MAX_KEY), value, grows });
  }
  return samples;
}

/** Sum over all label sets of a metric; undefined if it is not there. */
export function metricSum(samples: readonly MetricSample[], name: string): number | undefined {
  const found = samples.filter((sample) => sample.name === name);
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}
