import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { canonicalBytes } from "./canonical.ts";
import { utf8 } from "./bytes.ts";
import type { JsonObject } from "./json.ts";
import {
  identityFromSeed,
  isNodeId,
  NODE_ID_PATTERN,
  publicKeyOf,
  SHORT_ID_PATTERN,
  shortId,
  signBytes,
  signDocument,
  signText,
  verifyBytes,
  verifyDocument,
  verifyText,
} from "./keys.ts";

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
const alice = identityFromSeed(new Uint8Array(32).fill(1));
const mallory = identityFromSeed(new Uint8Array(32).fill(2));

Deno.test("the RFC 8032 key pair of test 1 has its signature", () => {
  const key = identityFromSeed(Uint8Array.fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  assertEquals(key.publicKey.toHex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const signature = signBytes(key, new Uint8Array());
  assertMatch(signature.toHex(), /^e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155/);
});

Deno.test("ids have their form and lead back to the key", () => {
  fc.assert(
    fc.property(seed, (s) => {
      const { id, publicKey } = identityFromSeed(s);
      assertMatch(id, NODE_ID_PATTERN);
      assertMatch(shortId(id), SHORT_ID_PATTERN);
      assertEquals(publicKeyOf(id), publicKey);
    }),
    { numRuns: 20 },
  );
});

Deno.test("texts that are no id are none", () => {
  const bad = [
    "",
    alice.id.slice(8),
    alice.id + "A",
    alice.id.replace("ed25519", "ED25519"),
    shortId(alice.id),
    5,
    null,
  ];
  for (const value of bad) assert(!isNodeId(value));
  assert(!isNodeId(alice.id.slice(0, -1) + "_"), "trailing bits other than zero");
  assertThrows(() => shortId("ed25519:short"), SyntaxError);
  assertThrows(() => identityFromSeed(new Uint8Array(31)), RangeError);
});

Deno.test("a signature holds for these bytes and this key alone", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(), (bytes, at) => {
      const text = signText(alice, bytes);
      assert(verifyText(alice.id, bytes, text));
      assert(!verifyText(mallory.id, bytes, text));
      assert(!verifyText(alice.id, bytes.map((b, i) => i === at % bytes.length ? b ^ 1 : b), text));
    }),
    { numRuns: 30 },
  );
});

Deno.test("verification never raises", () => {
  const bytes = utf8("x");
  for (
    const text of [undefined, null, 5, "", "ed25519:", "ed25519:" + "A".repeat(86), signText(alice, bytes).slice(8)]
  ) {
    assert(!verifyText(alice.id, bytes, text));
  }
  assert(!verifyText("nobody", bytes, signText(alice, bytes)));
  assert(!verifyBytes(alice.id, bytes, new Uint8Array(63)));
  assert(!verifyDocument(alice.id, { signature: "x", text: "\ud800" }));
});

Deno.test("a signed document covers every member but the signature", () => {
  const document = fc.dictionary(fc.string({ unit: "grapheme" }).filter((n) => n !== "signature"), fc.integer());
  fc.assert(
    fc.property(document, (value) => {
      const signed = signDocument(alice, value as JsonObject);
      assert(verifyDocument(alice.id, signed));
      assert(verifyText(alice.id, canonicalBytes(value as JsonObject), signed.signature));
      assert(!verifyDocument(alice.id, { ...signed, added_later: 1 }));
      assertEquals(signDocument(alice, signed), signed);
    }),
    { numRuns: 30 },
  );
});
