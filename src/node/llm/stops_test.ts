import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { StopScanner } from "./stops.ts";

function scan(tokens: readonly string[], stops: readonly string[]): string {
  const scanner = new StopScanner(stops);
  let out = "";
  for (const token of tokens) {
    const { text, stopped } = scanner.push(token);
    out += text;
    if (stopped) return out;
  }
  return out + scanner.rest();
}

Deno.test("the text ends before the first stop sequence, however it is cut into tokens", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
  fc.assert(fc.property(fc.array(letters), fc.array(letters, { maxLength: 3 }), (tokens, stops) => {
    const text = tokens.join("");
    const found = stops.filter((stop) => stop !== "").map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
    const expected = found.length === 0 ? text : text.slice(0, Math.min(...found));
    // A shorter stop sequence may complete while a longer, earlier one is still arriving.
    const got = scan(tokens, stops);
    assertEquals(text.startsWith(got), true);
    if (stops.length <= 1) assertEquals(got, expected);
  }));
});

Deno.test("a careless scan misses what crosses a border of tokens", () => {
  const scanner = new StopScanner(["ab"], "token");
  assertEquals([scanner.push("a"), scanner.push("b")], [{ text: "a", stopped: false }, { text: "b", stopped: false }]);
});
