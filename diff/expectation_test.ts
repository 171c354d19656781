import { assertEquals } from "@std/assert";
import { expectationOf } from "./expectation.ts";
import type { Finding } from "./finding.ts";
import { answered } from "./testing.ts";

const at = (path: string): Finding => ({
  step: 0,
  class: "semantic",
  path,
  address: "x.y",
  left: "",
  right: "",
  maskable: true,
});

function stated(path: string, left: string, right: string) {
  const [, ...more] = expectationOf(at(path), 1, answered(left), answered(right));
  return more;
}

Deno.test("a plain value is expected as it is, at the place where the sides differ", () => {
  assertEquals(stated("output.dim", '{"output":{"dim":64}}', '{"output":{"dim":768}}'), [
    { step: 1, path: "output.dim", equals: 64 },
  ]);
  assertEquals(
    stated(
      "output.posts[].kind",
      '{"output":{"posts":[{"kind":"a"},{"kind":"b"}]}}',
      '{"output":{"posts":[{"kind":"a"},{"kind":"c"}]}}',
    ),
    [{ step: 1, path: "output.posts.1.kind", equals: "b" }],
  );
});

Deno.test("a time is expected as a span after another time of its object", () => {
  const manifest = (end: string) => `{"issued_at":"2026-11-21T03:00:00Z","expires_at":"2026-11-21T03:${end}Z"}`;
  assertEquals(stated("expires_at", manifest("00:30"), manifest("05:00")), [
    { step: 1, path: "expires_at", minus: "issued_at", equals: 30, within: 1 },
  ]);
  assertEquals(
    stated("t.exp", '{"t":{"iat":1795000000,"exp":1795003600}}', '{"t":{"iat":1795000000,"exp":1795007200}}'),
    [
      { step: 1, path: "t.exp", minus: "t.iat", equals: 3600, within: 1 },
    ],
  );
});

Deno.test("presence, type, length and form are stated where values cannot be", () => {
  assertEquals(stated("a.b", '{"a":{"b":1}}', '{"a":{}}'), [{ step: 1, path: "a.b", present: true }]);
  assertEquals(stated("a.b", '{"a":{}}', '{"a":{"b":1}}'), [{ step: 1, path: "a.b", present: false }]);
  assertEquals(stated("a", '{"a":1}', '{"a":"1"}'), [{ step: 1, path: "a", type: "number" }]);
  assertEquals(stated("a[]", '{"a":[1]}', '{"a":[1,2]}'), [{ step: 1, path: "a", length: 1 }]);
  const id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  assertEquals(stated("a", `{"a":"${id}"}`, '{"a":"7"}'), [
    { step: 1, path: "a", matches: "^[0-7][0-9A-HJKMNP-TV-Z]{25}$" },
  ]);
});

Deno.test("headers are stated by node, by request or by value", () => {
  const side = (from: string) => answered("{}", { headers: [["X-HearthNet-From", from], ["X-A", "1"]] });
  const own = side(`ed25519:${"A".repeat(43)}`);
  const other = answered("{}", { headers: [["X-HearthNet-From", `ed25519:${"B".repeat(43)}`]] });
  const stated = (path: string) => expectationOf(at(path), 0, own, other)[1];
  assertEquals(stated("headers.x-hearthnet-from"), { step: 0, header: "x-hearthnet-from", equals: "${node_id}" });
  assertEquals(stated("headers.x-a"), { step: 0, header: "x-a", equals: "1" });
});

Deno.test("a signature that holds on one side only is stated by its document", () => {
  const left = answered("{}", { signatures: new Map([["", "valid"]]) });
  const right = answered("{}", { signatures: new Map([["", "invalid"]]) });
  assertEquals(expectationOf(at("signature."), 0, left, right)[1], { step: 0, signed: "" });
});
