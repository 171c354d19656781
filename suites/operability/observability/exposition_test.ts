import { assertEquals } from "@std/assert";
import { readExposition, sumOf } from "./exposition.ts";

const SOUND = `# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{capability="a",result="o\\"k}"} 3
calls_total{capability="b",result="ok",} 4 1700000000000
# a remark
# TYPE ms histogram
ms_bucket{le="1"} 1
ms_bucket{le="+Inf"} 2
ms_sum 1.5e1
ms_count 2
# TYPE up gauge
up 1
`;

Deno.test("samples, labels, types and escapes are read", () => {
  const { samples, types, problems } = readExposition(SOUND);
  assertEquals(problems, []);
  assertEquals(types.get("ms"), "histogram");
  assertEquals(samples[0]?.labels.get("result"), 'o"k}');
  assertEquals(sumOf(samples, "calls_total"), 7);
  assertEquals(sumOf(samples, "calls_total", { capability: "b" }), 4);
  assertEquals(sumOf(samples, "ms_sum"), 15);
  assertEquals(sumOf(samples, "absent"), 0);
});

Deno.test("lines that are no samples, and types that samples contradict, are problems", () => {
  const wrong = [
    '{"a":1}',
    "calls{a=b} 1",
    'calls{a="b" c="d"} 1',
    'calls{a="b"} one',
    "# TYPE calls sort",
    "# TYPE calls counter\n# TYPE calls gauge",
    '# TYPE ms counter\nms_bucket{le="1"} 1',
    "# TYPE ms gauge\nms_sum 1",
    "# TYPE ms histogram\nms 1",
  ];
  for (const text of wrong) assertEquals(readExposition(text).problems.length, 1, text);
});
