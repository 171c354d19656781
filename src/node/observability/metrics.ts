/** Prometheus text metrics of the node (wire-format.md section 18). */

import type { Metrics } from "../core.ts";

type Labels = Readonly<Record<string, string>>;
type Kind = "counter" | "gauge" | "histogram";

/** Upper bounds of duration buckets in milliseconds; a choice that covers 1 ms to the longest deadline. */
const BUCKETS_MS: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 120_000];
/** Label sets per metric; labels hold names callers choose. */
const MAX_SERIES = 1000;

interface Histogram {
  readonly buckets: number[];
  sum: number;
  count: number;
}

interface Family {
  readonly kind: Kind;
  readonly values: Map<string, number | Histogram>;
}

/** See the module comment. */
export class NodeMetrics implements Metrics {
  readonly #families = new Map<string, Family>();

  /** `refresh` is called before each rendering to set gauges that are read, not kept. */
  constructor(private readonly refresh: (metrics: Metrics) => void = () => {}) {}

  count(name: string, labels: Labels, by = 1): void {
    const { values } = this.#family(name, "counter");
    const key = bounded(values, render(labels));
    values.set(key, ((values.get(key) as number | undefined) ?? 0) + by);
  }

  gauge(name: string, labels: Labels, value: number): void {
    const { values } = this.#family(name, "gauge");
    values.set(bounded(values, render(labels)), value);
  }

  observe(name: string, labels: Labels, value: number): void {
    const { values } = this.#family(name, "histogram");
    const key = bounded(values, render(labels));
    let histogram = values.get(key) as Histogram | undefined;
    if (histogram === undefined) {
      histogram = { buckets: BUCKETS_MS.map(() => 0), sum: 0, count: 0 };
      values.set(key, histogram);
    }
    const at = BUCKETS_MS.findIndex((bound) => value <= bound);
    if (at >= 0) histogram.buckets[at] = (histogram.buckets[at] ?? 0) + 1;
    histogram.sum += value;
    histogram.count++;
  }

  render(): string {
    this.refresh(this);
    let text = "";
    for (const [name, { kind, values }] of this.#families) {
      text += `# TYPE ${name} ${kind}\n`;
      for (const [labels, value] of values) {
        text += typeof value === "number" ? `${name}${braces(labels)} ${value}\n` : histogramText(name, labels, value);
      }
    }
    return text;
  }

  #family(name: string, kind: Kind): Family {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { kind, values: new Map() };
      this.#families.set(name, family);
    }
    return family;
  }
}

function bounded(values: Map<string, unknown>, key: string): string {
  return values.has(key) || values.size < MAX_SERIES ? key : 'overflow="true"';
}

function render(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",");
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function braces(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function histogramText(name: string, labels: string, { buckets, sum, count }: Histogram): string {
  const before = labels === "" ? "" : `${labels},`;
  let below = 0;
  let text = "";
  for (const [i, bound] of BUCKETS_MS.entries()) {
    below += buckets[i] ?? 0;
    text += `${name}_bucket{${before}le="${bound}"} ${below}\n`;
  }
  text += `${name}_bucket{${before}le="+Inf"} ${count}\n`;
  return `${text}${name}_sum${braces(labels)} ${sum}\n${name}_count${braces(labels)} ${count}\n`;
}
