import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { parseTimestamp, timestamp, TIMESTAMP_PATTERN } from "./time.ts";

const YEAR_9999 = Date.UTC(9999, 11, 31);

Deno.test("a timestamp has whole seconds and comes back", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: YEAR_9999 }), (ms) => {
    assertMatch(timestamp(ms), TIMESTAMP_PATTERN);
    assertEquals(parseTimestamp(timestamp(ms)), Math.floor(ms / 1000) * 1000);
  }));
});

Deno.test("fractions are read, other forms and dates that do not exist are not", () => {
  assertEquals(parseTimestamp("2027-03-14T09:26:53.250Z"), Date.UTC(2027, 2, 14, 9, 26, 53, 250));
  const bad = [
    "2027-03-14",
    "2027-03-14T09:26:53",
    "2027-03-14T09:26:53+00:00",
    "2027-02-30T00:00:00Z",
    "2027-13-01T00:00:00Z",
    5,
    null,
  ];
  for (const text of bad) assertEquals(parseTimestamp(text), undefined, String(text));
});
