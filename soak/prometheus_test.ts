import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import { readMetrics } from "./metrics_text.ts";
import { prometheusText } from "./prometheus.ts";
import { standingInTest } from "./testing_standing.ts";

/** A line of the exposition format: a comment with a known word, or a sample. */
const LINE =
  /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\})? (-?[0-9.e+-]+|NaN|[+-]Inf))$/;

function text(latencies: readonly number[] = [1, 5, 20, 700, 40_000]) {
  const latency = new LatencyHistogram();
  for (const ms of latencies) latency.record(0, ms);
  return prometheusText(standingInTest(), latency);
}

Deno.test("every line is one of the exposition format, and every metric is declared once, before its samples", () => {
  const lines = text().trimEnd().split("\n");
  for (const line of lines) assertMatch(line, LINE);
  const types = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ")[2]);
  assertEquals(new Set(types).size, types.length);
  let current = "";
  for (const line of lines) {
    if (line.startsWith("# TYPE ")) current = line.split(" ")[2] ?? "";
    else if (!line.startsWith("#")) assert(line.startsWith(current), `${line} stands under ${current}`);
  }
  const keys = lines.filter((line) => !line.startsWith("#")).map((line) => line.slice(0, line.lastIndexOf(" ")));
  assertEquals(new Set(keys).size, keys.length);
});

Deno.test("the latency buckets add up", () => {
  const samples = readMetrics(text());
  const value = (key: string) =>
    samples.find((sample) => sample.key === `hearthproof_soak_latency_seconds${key}`)?.value;
  assertEquals(value('_bucket{le="0.005"}'), 2);
  assertEquals(value('_bucket{le="1"}'), 4);
  assertEquals(value('_bucket{le="+Inf"}'), 5);
  assertEquals(value("_count"), 5);
  assert(Math.abs((value("_sum") ?? 0) - 40.726) < 0.05);
});

Deno.test("codes a target invents neither break a line nor make series without end", () => {
  const hostile = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`e${n}"}\n1 \\ \u202e`, 2]));
  const lines = prometheusText({ ...standingInTest(), errors: hostile, failed: 1000 }, new LatencyHistogram())
    .trimEnd().split("\n");
  for (const line of lines) assertMatch(line, LINE);
  const errors = lines.filter((line) => line.startsWith("hearthproof_soak_errors_total"));
  assertEquals(errors.length, 51);
  assertStringIncludes(errors.at(-1) ?? "", '{code="other"} 900');
});

Deno.test("the alerts around a soak ask for metrics that its dashboard serves", async () => {
  const alerts = await Deno.readTextFile(new URL("deploy/prometheus-alerts.yaml", import.meta.url));
  const names = new Set(alerts.match(/hearthproof_soak_\w+/g));
  assert(names.size > 1);
  for (const name of names) assertStringIncludes(text(), `# TYPE ${name} `);
});
