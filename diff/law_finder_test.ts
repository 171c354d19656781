import { assertEquals } from "@std/assert";
import type { Finding } from "./finding.ts";
import { LawFinder } from "./law_finder.ts";

const says = (id: string, text: string, ...needs: string[]) => ({ id, section: "core/tokens", says: text, needs });
const FILLER = Array.from({ length: 60 }, (_, i) => says(`ZZZ-${100 + i}`, `Rule ${i} speaks of thing${i} alone.`));
const FINDER = new LawFinder([
  ...FILLER,
  says(
    "TOK-001",
    "It names alg, typ, v, iss, sub, aud, iat, exp, nbf, jti, scope, capabilities, and how each of them is written.",
  ),
  says("TOK-003", "The decoded header segment is an object with alg and typ = hntoken."),
  says("EMB-002", "Every vector has exactly output.dim finite numbers.", "capability:embed.text"),
]);

const at = (address: string, path: string): Finding => ({
  step: 0,
  class: "semantic",
  address,
  path,
  left: "1",
  right: "2",
  maskable: true,
});

Deno.test("the requirement that speaks of a place most clearly is proposed", () => {
  assertEquals(FINDER.find(at("auth.token.issue", "output.token.inside.header.typ"), ""), "TOK-003");
  assertEquals(FINDER.find(at("embed.text", "output.dim"), ""), "EMB-002");
});

Deno.test("nothing is proposed for a place no requirement speaks of", () => {
  assertEquals(FINDER.find(at("x.y", "output.unheard_of"), ""), undefined);
});

Deno.test("what the traffic states of a place stands, what is general does not", () => {
  const finding = at("embed.text", "output.dim");
  const name = (requirement: string, supports: "left" | "undecided", stated = false) =>
    FINDER.name(finding, "", { requirement, supports }, stated);
  assertEquals(name("EMB-009", "left"), "EMB-009");
  assertEquals(name("EMB-009", "undecided"), "EMB-009");
  assertEquals(name("EMB-009", "undecided", true), "EMB-002");
  assertEquals(name("EVT-004", "undecided"), "EMB-002");
});
