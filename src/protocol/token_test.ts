import { assert, assertEquals, assertThrows } from "@std/assert";
import { base64url, utf8 } from "./bytes.ts";
import { identityFromSeed } from "./keys.ts";
import { decodeToken, MAX_TOKEN_BYTES, mintToken, TOKEN_HEADER, TOKEN_PREFIX, verifyToken } from "./token.ts";

const issuer = identityFromSeed(new Uint8Array(32).fill(6));
const other = identityFromSeed(new Uint8Array(32).fill(7));
const PAYLOAD = {
  iss: issuer.id,
  sub: other.id,
  iat: 1_790_000_000,
  exp: 1_790_003_600,
  jti: "01M2R5G8X4Q9ZT7WJ3KD6VNC0E",
  scope: { capabilities: ["market.list@1.0"] },
};

Deno.test("a token comes apart into what it was made of", () => {
  const token = mintToken(issuer, PAYLOAD);
  const decoded = decodeToken(token);
  assertEquals(decoded.header, { ...TOKEN_HEADER });
  assertEquals(decoded.payload, PAYLOAD);
  assert(verifyToken(decoded));
  assert(token.startsWith(TOKEN_PREFIX) && token.length <= MAX_TOKEN_BYTES);
});

Deno.test("the key is the one of iss, and a changed segment does not verify", () => {
  assert(!verifyToken(decodeToken(mintToken(other, PAYLOAD))));
  const [header, , signature] = mintToken(issuer, PAYLOAD).slice(TOKEN_PREFIX.length).split(".");
  const forged = base64url(utf8(JSON.stringify({ ...PAYLOAD, exp: PAYLOAD.exp + 1 })));
  assert(!verifyToken(decodeToken(`${TOKEN_PREFIX}${header}.${forged}.${signature}`)));
  assert(!verifyToken(decodeToken(mintToken(issuer, { ...PAYLOAD, iss: 5 }))));
});

Deno.test("malformed tokens are refused", () => {
  const good = mintToken(issuer, PAYLOAD);
  const bad = [
    "",
    good.slice(TOKEN_PREFIX.length),
    good + ".x",
    good.replace(/\.[^.]*$/, ""),
    good + "=",
    mintToken(issuer, "[1]"),
    mintToken(issuer, PAYLOAD, "{"),
  ];
  for (const text of bad) assertThrows(() => decodeToken(text), SyntaxError);
});
