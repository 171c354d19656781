import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { metricSum, readMetrics } from "./metrics_text.ts";

const TEXT = `# TYPE hearthnet_requests_total counter
hearthnet_requests_total{capability="market.list",result="ok"} 12
hearthnet_requests_total{capability="chat.send",result="ok"} 3
# TYPE hearthnet_blob_storage_bytes gauge
hearthnet_blob_storage_bytes 1024
# TYPE hearthnet_request_duration_ms histogram
hearthnet_request_duration_ms_bucket{le="1"} 4
hearthnet_request_duration_ms_count 9
broken line
process_resident_memory_bytes NaN
`;

Deno.test("counters and parts of histograms grow, gauges need not, what is no sample is passed over", () => {
  const samples = readMetrics(TEXT);
  assertEquals(samples.map(({ name, value, grows }) => [name, value, grows]), [
    ["hearthnet_requests_total", 12, true],
    ["hearthnet_requests_total", 3, true],
    ["hearthnet_blob_storage_bytes", 1024, false],
    ["hearthnet_request_duration_ms_bucket", 4, true],
    ["hearthnet_request_duration_ms_count", 9, true],
  ]);
  assertEquals(metricSum(samples, "hearthnet_requests_total"), 15);
  assertEquals(metricSum(samples, "process_resident_memory_bytes"), undefined);
});

Deno.test("no text of a target makes the reader fail", () => {
  fc.assert(fc.property(fc.string(), (text) => readMetrics(`${text}\n${TEXT}${text}`).length <= 2000));
});
