import { assertEquals } from "@std/assert";
import { columns, cut, pad, wrap } from "./text.ts";

Deno.test("columns counts wide characters twice and marks not at all", () => {
  assertEquals([columns("abc"), columns("漢字"), columns("🙂"), columns("e\u0301")], [3, 4, 2, 1]);
});

Deno.test("wrap breaks at spaces and inside words that are too long", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
  assertEquals(wrap("漢字漢", 4), ["漢字", "漢"]);
  assertEquals(wrap("", 10), [""]);
});

Deno.test("cut and pad keep to the columns", () => {
  assertEquals([cut("abcdef", 4), cut("abc", 4), cut("漢字漢", 4)], ["abc…", "abc", "漢…"]);
  assertEquals([pad("a", 3), pad("a", 3, "left"), pad("abcd", 3)], ["a  ", "  a", "abcd"]);
});
