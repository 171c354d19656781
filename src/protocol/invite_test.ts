import { assert, assertEquals, assertThrows } from "@std/assert";
import { base64url, utf8 } from "./bytes.ts";
import { decodeInvite, encodeInvite, INVITE_PREFIXES } from "./invite.ts";
import { identityFromSeed, verifyDocument } from "./keys.ts";

const inviter = identityFromSeed(new Uint8Array(32).fill(5));

Deno.test("an invitation comes back in either spelling, signed by the inviter", () => {
  const document = { schema_version: 1, inviter_node_id: inviter.id, community_name: "Mühle" };
  for (const prefix of INVITE_PREFIXES) {
    const blob = encodeInvite(inviter, document, prefix);
    assert(blob.startsWith(prefix));
    const { signature: _, ...rest } = decodeInvite(blob);
    assertEquals(rest, document);
    assert(verifyDocument(inviter.id, decodeInvite(blob)));
  }
});

Deno.test("other texts are refused", () => {
  for (
    const text of ["", "http://x", "ed25519:!!", `ed25519:${base64url(utf8("[1]"))}`, `ed25519:${base64url(utf8("{"))}`]
  ) {
    assertThrows(() => decodeInvite(text), SyntaxError);
  }
});
