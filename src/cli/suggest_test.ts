import { assertEquals } from "@std/assert";
import { distance, nearest } from "./suggest.ts";

Deno.test("distance counts edits, a swap of neighbours as one", () => {
  assertEquals([distance("", "abc"), distance("run", "rnu"), distance("seed", "sed"), distance("abc", "abc")], [
    3,
    1,
    1,
    0,
  ]);
});

Deno.test("nearest finds typing errors and beginnings, and nothing far away", () => {
  const names = ["run", "requirements", "report", "version"];
  assertEquals([nearest("rnu", names), nearest("requ", names), nearest("reprot", names)], [
    "run",
    "requirements",
    "report",
  ]);
  assertEquals(nearest("dance", names), undefined);
});
