import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as fc from "fast-check";
import { fromUtf8Lossy, utf8 } from "../src/protocol/mod.ts";
import { changedStretches, windowsOf } from "./changed.ts";
import { changedMarkup } from "./changed_html.ts";

function changed(left: string, right: string): [string[], string[]] {
  const [a, b] = [utf8(left), utf8(right)];
  const [x, y] = changedStretches(a, b);
  const cut = (bytes: Uint8Array, list: typeof x) =>
    list.map(({ from, to }) => fromUtf8Lossy(bytes.subarray(from, to)));
  return [cut(a, x), cut(b, y)];
}

Deno.test("only what differs is changed, also after something of another length", () => {
  assertEquals(changed('{"a":1,"b":2}', '{"a":100,"b":2}'), [["1"], ["100"]]);
  assertEquals(changed('{"b":2}', '{"a":1,"b":2}'), [[], ['a":1,"']]);
  assertEquals(changed("same", "same"), [[], []]);
});

Deno.test("what is not changed is the same text on both sides", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "{", '"', "ä"), maxLength: 40 });
  fc.assert(fc.property(text, text, (left, right) => {
    const kept = (bytes: Uint8Array, list: readonly { from: number; to: number }[]) =>
      Array.from(bytes).filter((_, at) => !list.some(({ from, to }) => at >= from && at < to));
    const [a, b] = [utf8(left), utf8(right)];
    const [x, y] = changedStretches(a, b);
    assertEquals(kept(a, x), kept(b, y));
  }));
});

Deno.test("windows cover everything once and show every change", () => {
  const spots = fc.array(fc.tuple(fc.nat({ max: 900 }), fc.integer({ min: 1, max: 30 })), { maxLength: 6 });
  fc.assert(fc.property(spots, (list) => {
    const changed = list.map(([from, size]) => ({ from, to: from + size })).sort((a, b) => a.from - b.from);
    const windows = windowsOf(1_000, changed, 50, 20);
    assertEquals(windows[0]?.from, 0);
    assertEquals(windows.at(-1)?.to, 1_000);
    windows.slice(1).forEach((one, index) => assertEquals(one.from, windows[index]?.to));
    for (const { from, to } of changed) assert(windows.some((one) => one.shown && one.from <= from && one.to >= to));
  }));
});

Deno.test("long equal parts are left out, and changes deep inside show as text and as hexadecimal", () => {
  const filler = '"x",'.repeat(500);
  const [left, right] = changedMarkup(utf8(`{${filler}"end":"one"}`), utf8(`{${filler}"end":"two"}`));
  assertStringIncludes(left.text, "<mark>one</mark>");
  assertStringIncludes(right.text, "<mark>two</mark>");
  assertStringIncludes(left.text, "equal bytes</span>");
  assertStringIncludes(right.hex, "<mark>74 77 6f</mark>".replaceAll(" ", "</mark> <mark>"));
});

Deno.test("hostile bytes stay text", () => {
  const [left, right] = changedMarkup(utf8("<script>a</script>"), utf8("<img src=x onerror=b>\u202e"));
  for (const { text, hex } of [left, right]) {
    assert(!/<(script|img)/.test(text + hex));
    assert(!text.includes("\u202e"));
  }
});

Deno.test("an answer that differs everywhere is shown up to a bound", () => {
  const [left] = changedMarkup(utf8("a ".repeat(20_000)), utf8("b,".repeat(20_000)));
  assert(left.text.length < 40_000);
  assertStringIncludes(left.text, "bytes not shown");
});
