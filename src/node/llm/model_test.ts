import { assert, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { generate } from "./model.ts";

function text(request: string, seed = 1, temperature = 0.7, most = 5000): string[] {
  const tokens: string[] = [];
  for (const token of generate("ember-small", { whole: request, request }, seed, temperature)) {
    tokens.push(token);
    if (tokens.length === most) break;
  }
  return tokens;
}

Deno.test("answers depend on prompt and seed, and not on the seed at temperature 0", () => {
  assertEquals(text("hello"), text("hello"));
  assertNotEquals(text("hello"), text("hello you"));
  assertNotEquals(text("hello", 1), text("hello", 2));
  assertEquals(text("hello", 1, 0), text("hello", 2, 0));
});

Deno.test("counting has two tokens for each number", () => {
  assertEquals(text("Count to 3.").join(""), "1, 2, 3");
  assertEquals(text("Please count to one hundred").length, 199);
});

Deno.test("a long answer has no end of its own, an ordinary one has", () => {
  assertEquals(text("Tell me a very long story").length, 5000);
  const ordinary = text("What is warm?");
  assert(ordinary.length >= 24 && ordinary.length < 64);
});

Deno.test("words are cut into several tokens and lines are broken", () => {
  const tokens = text("a long text");
  assertGreater(tokens.filter((token) => /^[a-z]/.test(token)).length, 0);
  assert(tokens.includes("\n"));
});
