import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { judgeSeries } from "./judge_series.ts";
import { seriesReport } from "./series_report.ts";
import { gaussian } from "./synthetic.ts";

const noise = (slope: number, count: number) => {
  const random = new Random(41, "report");
  return Array.from(
    { length: count },
    (_, i) => ({ t_s: 5 * i, value: 100 + slope * i / 720 + 0.4 * gaussian(random) }),
  );
};

Deno.test("a report carries the fields of the design and survives JSON", () => {
  const report = seriesReport(judgeSeries(noise(5, 720)), { name: "rss", unit: "MB", eventsPerHour: 72_000 });
  assertEquals(JSON.parse(JSON.stringify(report)), report as unknown);
  assertEquals([report.name, report.unit, report.verdict], ["rss", "MB", "drifting"]);
  assertAlmostEquals(report.slope_per_1000_events ?? 0, (report.slope_per_hour ?? 0) / 72);
  assert((report.interval[0] ?? 0) <= (report.slope_per_hour ?? 0));
  assertEquals(report.line.length, 2);
});

Deno.test("what is not known is null", () => {
  const report = seriesReport(judgeSeries(noise(0, 5)), { name: "rss", unit: "MB" });
  assertEquals(
    [report.verdict, report.slope_per_hour, report.slope_per_1000_events, report.interval, report.line],
    ["inconclusive", null, null, [null, null], []],
  );
});
