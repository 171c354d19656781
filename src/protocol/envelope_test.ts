import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { canonicalBytes, canonicalize } from "./canonical.ts";
import { type CallEnvelope, responseSignatureCovers, signCall, signResponse, verifyCall } from "./envelope.ts";
import type { Json } from "./json.ts";
import { identityFromSeed, signText } from "./keys.ts";

const alice = identityFromSeed(new Uint8Array(32).fill(3));
const body = fc.jsonValue({ stringUnit: "grapheme" }) as fc.Arbitrary<Json>;
const HEAD = {
  capability: "market.list",
  version: "1.0",
  request_id: "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
  from: alice.id,
  community: alice.id,
  timestamp: "2027-03-14T09:26:53Z",
};

Deno.test("a call signature covers every member of the envelope", () => {
  fc.assert(
    fc.property(body, (value) => {
      const envelope: CallEnvelope = { ...HEAD, body: value };
      const signature = signCall(alice, envelope);
      assert(verifyCall(envelope, signature));
      for (const member of Object.keys(HEAD)) {
        assert(!verifyCall({ ...envelope, [member]: "other" }, signature), member);
      }
      assert(!verifyCall({ ...envelope, body: [value] }, signature));
    }),
    { numRuns: 20 },
  );
});

Deno.test("verification of a call never raises", () => {
  const envelope = { ...HEAD, body: { text: "\ud800" } };
  for (const signature of [undefined, 5, "x", "ed25519:"]) assert(!verifyCall(envelope, signature));
});

Deno.test("an answer is signed over its envelope; the body alone is accepted and told apart", () => {
  fc.assert(
    fc.property(body, (value) => {
      const { request_id, from, timestamp } = HEAD;
      const envelope = { request_id, from, timestamp, body: value };
      assertEquals(responseSignatureCovers(envelope, signResponse(alice, envelope)), "envelope");
      assertEquals(responseSignatureCovers(envelope, signText(alice, canonicalBytes(value))), "body");
      assertEquals(responseSignatureCovers({ ...envelope, request_id: "x" }, signResponse(alice, envelope)), undefined);
      assertEquals(responseSignatureCovers(envelope, undefined), undefined);
    }),
    { numRuns: 20 },
  );
});

Deno.test("what is signed is the canonical envelope, whether or not its body was at hand as text", () => {
  fc.assert(
    fc.property(body, fc.string({ unit: "grapheme" }), (value, text) => {
      const envelope: CallEnvelope = { ...HEAD, capability: text, body: value };
      const signature = signText(alice, canonicalBytes({ ...envelope }));
      assertEquals(signCall(alice, envelope), signature);
      assertEquals(signCall(alice, envelope, canonicalize(value)), signature);
    }),
    { numRuns: 50 },
  );
  const more = { ...HEAD, body: 1, about: "b" };
  assertEquals(signCall(alice, more), signText(alice, canonicalBytes(more)));
});
