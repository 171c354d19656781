import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import type { Json } from "../src/protocol/mod.ts";
import { type RunState, ValueComparer } from "./compare_values.ts";
import { Renaming } from "./renaming.ts";

const A = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const B = "01ARZ3NDEKTSV4RRFFQ69G5FAW";
const C = "01ARZ3NDEKTSV4RRFFQ69G5FAX";

function differences(pairs: readonly (readonly [Json, Json])[]): string[] {
  const state: RunState = { renaming: new Renaming(), offsets: [0] };
  const comparer = new ValueComparer(state);
  const found: string[] = [];
  for (const [left, right] of pairs) comparer.compare(left, right, "", (kind, path) => found.push(`${kind} ${path}`));
  return found;
}

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json);

Deno.test("a value equals itself", () => {
  fc.assert(fc.property(json, (value) => differences([[value, value]]).length === 0));
});

Deno.test("whether two values differ does not depend on which is left", () => {
  fc.assert(fc.property(json, json, (a, b) => {
    assertEquals(differences([[a, b]]).length > 0, differences([[b, a]]).length > 0);
  }));
});

Deno.test("plain values that differ are always told apart", () => {
  fc.assert(fc.property(fc.integer(), fc.integer(), (a, b) => {
    assertEquals(differences([[{ n: a }, { n: b }]]).length > 0, a !== b);
  }));
});

Deno.test("ids may differ but must correspond over the whole run", () => {
  assertEquals(differences([[{ event_id: A }, { event_id: B }], [{ target: A }, { target: B }]]), []);
  assertEquals(differences([[{ event_id: A }, { event_id: B }], [{ target: A }, { target: C }]]), ["semantic target"]);
  assertEquals(differences([[{ event_id: A }, { event_id: B }], [{ target: C }, { target: B }]]), ["semantic target"]);
});

Deno.test("ids inside longer texts must correspond too", () => {
  assertEquals(differences([[{ id: A, why: `no post ${A}` }, { id: B, why: `no post ${B}` }]]), []);
  assertEquals(differences([[{ id: A, why: `no post ${A}` }, { id: B, why: `no post ${C}` }]]), ["semantic why"]);
});

Deno.test("a wrong hash is a canonical difference", () => {
  const hash = (digit: string) => `blake3:${digit.repeat(64)}`;
  assertEquals(differences([[{ cid: hash("1") }, { cid: hash("1") }], [{ cid: hash("1") }, { cid: hash("2") }]]), [
    "canonical cid",
  ]);
});

Deno.test("times compare by form and by their distance to each other", () => {
  const manifest = (issued: string, expires: string) => ({ issued_at: issued, expires_at: expires });
  const left = manifest("2027-03-14T09:26:40Z", "2027-03-14T09:27:10Z");
  assertEquals(differences([[left, manifest("2027-03-14T09:26:52Z", "2027-03-14T09:27:22Z")]]), []);
  assertEquals(differences([[left, manifest("2027-03-14T09:26:40Z", "2027-03-14T09:27:50Z")]]), [
    "semantic expires_at",
  ]);
  assertEquals(differences([[left, manifest("2027-03-14T09:26:40.000Z", "2027-03-14T09:27:10.000Z")]]), [
    "semantic issued_at",
    "semantic expires_at",
  ]);
});

Deno.test("a shifted log position is one difference, not one per event", () => {
  const event = (lamport: number) => ({ lamport });
  assertEquals(differences([[event(1), event(1)], [event(3), event(2)], [event(9), event(8)]]), ["semantic lamport"]);
});

Deno.test("events of one Lamport value may change places, others may not", () => {
  const event = (id: string, lamport: number) => ({ event_id: id, lamport });
  const seen = [[{ a: A, b: B }, { a: A, b: B }]] as const;
  const concurrent: [Json, Json] = [[event(A, 5), event(B, 5)], [event(B, 5), event(A, 5)]];
  const ordered: [Json, Json] = [[event(A, 5), event(B, 6)], [event(B, 6), event(A, 5)]];
  assertEquals(differences([...seen, concurrent]), ["legal-reorder []"]);
  assertEquals(differences([...seen, ordered]), ["illegal-reorder []"]);
});

Deno.test("concurrent events that stand in the order of ids each side made itself are no difference", () => {
  const event = (id: string, lamport: number, event_type: string) => ({ event_id: id, lamport, event_type });
  // The left made A for what the right made C for, and both know B.
  const left = [event(A, 5, "own"), event(B, 5, "pushed")];
  const right = [event(B, 5, "pushed"), event(C, 5, "own")];
  assertEquals(differences([[{ id: B }, { id: B }], [left, right]]), []);
  assertEquals(differences([[{ id: B }, { id: B }], [left, right], [{ id: A }, { id: A }]]), ["semantic id"]);
});

Deno.test("lists in the order of names may stand differently where names do, others may not", () => {
  const seen: [Json, Json] = [{ a: A, b: B }, { a: C, b: B }];
  assertEquals(differences([seen, [[{ node_id: A }, { node_id: B }], [{ node_id: B }, { node_id: C }]]]), []);
  assertEquals(differences([seen, [[{ node_id: A }, { node_id: B }], [{ node_id: C }, { node_id: B }]]]), []);
  assertEquals(differences([seen, [[{ node_id: B }, { node_id: A }], [{ node_id: C }, { node_id: B }]]]), [
    "illegal-reorder []",
  ]);
});

Deno.test("members named after ids correspond like the ids", () => {
  assertEquals(differences([[{ [A]: 1 }, { [B]: 1 }], [{ id: A }, { id: B }]]), []);
  assertEquals(differences([[{ id: A }, { id: B }], [{ [A]: 1 }, { [B]: 2 }]]), [`semantic ${A}`]);
  assertEquals(differences([[{ id: A }, { id: B }], [{ [A]: 1 }, {}]]), [`semantic ${A}`]);
});

Deno.test("tokens are compared by what is inside", () => {
  const token = (payload: object) => {
    const segment = (value: object) =>
      new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
    return `hntoken://v1/${segment({ alg: "EdDSA" })}.${segment(payload)}.${"A".repeat(86)}`;
  };
  const one = token({ jti: A, iat: 1_790_000_000, exp: 1_790_003_600 });
  assertEquals(
    differences([[{ token: one }, { token: token({ jti: B, iat: 1_790_000_001, exp: 1_790_003_601 }) }]]),
    [],
  );
  assertEquals(differences([[{ token: one }, { token: token({ jti: B, iat: 1_790_000_000, exp: 1_790_007_200 }) }]]), [
    "semantic token.inside.payload.exp",
  ]);
});

Deno.test("times of what nodes in use held before compare by their form", () => {
  const since = Date.UTC(2027, 2, 14);
  const comparer = new ValueComparer({ renaming: new Renaming(), offsets: [0], since });
  const found = (left: string, right: string) => {
    const paths: string[] = [];
    comparer.compare({ created_at: left }, { created_at: right }, "", (_, path) => paths.push(path));
    return paths;
  };
  assertEquals(found("2027-03-13T10:00:00Z", "2026-01-01T00:00:00Z"), []);
  assertEquals(found("2027-03-13T10:00:00Z", "2026-01-01T00:00:00.000Z"), ["created_at"]);
  assertEquals(found("2027-03-14T10:00:00Z", "2026-01-01T00:00:00Z"), ["created_at"]);
});
