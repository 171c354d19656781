import { assertEquals } from "@std/assert";
import { tickText, valueText } from "./value_text.ts";

Deno.test("values are written in the unit people read", () => {
  assertEquals(valueText(0, "bytes"), "0 B");
  assertEquals(valueText(1_048_576 * 12.5, "bytes"), "12.5 MiB");
  assertEquals(valueText(-3 * 1024, "bytes"), "-3 KiB");
  assertEquals(valueText(3.2149, "ms"), "3.21 ms");
  assertEquals(valueText(1937.2, "threads"), "1937 threads");
  assertEquals(valueText(0.125, ""), "0.125");
  assertEquals(valueText(NaN, "bytes"), "unknown");
});

Deno.test("ticks have the decimals of their step", () => {
  assertEquals(tickText(1_048_576 * 125, 1_048_576 * 25, "bytes"), "125 MiB");
  assertEquals(tickText(0.5, 0.25, "ms"), "0.50 ms");
  assertEquals(tickText(20, 10, "descriptors"), "20");
});
