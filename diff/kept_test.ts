import { assertEquals } from "@std/assert";
import type { Finding } from "./finding.ts";
import { KeptAnswers } from "./kept.ts";
import { answered } from "./testing.ts";

const finding = (path: string): Finding => ({
  step: 0,
  class: "semantic",
  path,
  address: "",
  left: "1",
  right: "2",
  maskable: true,
});

Deno.test("answers are kept up to a bound; beyond it only those that show something new, and how all ended", () => {
  const kept = new KeptAnswers(200);
  const answer = answered(`{"a":"${"x".repeat(30)}"}`);
  const lengths = (...paths: string[]) =>
    kept.keep(answer, answer, paths.map(finding)).map(({ body, status }) => [body.length, status]);
  const [whole, without] = [[answer.body.length, 200], [0, 200]];
  assertEquals(lengths(), [whole, whole]);
  assertEquals(lengths(), [without, without]);
  assertEquals(lengths("a"), [whole, whole]);
  assertEquals(lengths("a"), [without, without]);
  assertEquals(lengths("a", "b"), [whole, whole]);
});
