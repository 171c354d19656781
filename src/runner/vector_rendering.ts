/** Signatures of a vector that a right node refuses, and headers in another form. */

import type { HeaderList } from "../wire/mod.ts";
import { base64url, canonicalBytes, canonicalize, type Json, type JsonObject, utf8 } from "../protocol/mod.ts";

/** Which text is signed instead of the canonical envelope; a right node refuses all of them. */
export type Rendering = "body" | "pretty" | "ascii" | "insertion";

const LAST_ASCII = 0x7f;

/** The text that is signed; without a rendering the canonical envelope. */
export function rendered(rendering: Rendering | undefined, envelope: JsonObject, body: Json): Uint8Array {
  switch (rendering) {
    case "body":
      return canonicalBytes(body);
    case "pretty":
      return utf8(JSON.stringify(JSON.parse(canonicalize(envelope)), null, 2));
    case "insertion":
      return utf8(JSON.stringify({ ...envelope, body: JSON.parse(canonicalize(body)) }));
    case "ascii":
      return utf8(Array.from(canonicalize(envelope), escaped).join(""));
    default:
      return canonicalBytes(envelope);
  }
}

/** A character outside ASCII as the escapes of its UTF-16 units. */
function escaped(character: string): string {
  if (character.charCodeAt(0) <= LAST_ASCII) return character;
  return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
}

/** Order of the Ed25519 group (RFC 8032 section 5.1). */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const SCALAR_BYTES = 32;

/** The signature with the group order added to its scalar: it verifies only where that is not checked. */
export function withGroupOrder(signature: string): string {
  const bytes = Uint8Array.fromBase64(signature.slice("ed25519:".length), { alphabet: "base64url" });
  let scalar = GROUP_ORDER;
  for (let i = SCALAR_BYTES - 1, weight = 256n ** BigInt(SCALAR_BYTES - 1); i >= 0; i--, weight /= 256n) {
    scalar += BigInt(bytes[SCALAR_BYTES + i] ?? 0) * weight;
  }
  for (let i = 0; i < SCALAR_BYTES; i++, scalar /= 256n) bytes[SCALAR_BYTES + i] = Number(scalar % 256n);
  return `ed25519:${base64url(bytes)}`;
}

/** Names of headers in lower case. */
export function lowered(list: HeaderList): HeaderList {
  return list.map(([name, value]) => [name.toLowerCase(), value]);
}

/** Headers with some more, in place of those with the same name. */
export function withHeaders(list: HeaderList, more: HeaderList): HeaderList {
  const names = new Set(more.map(([name]) => name.toLowerCase()));
  return [...list.filter(([name]) => !names.has(name.toLowerCase())), ...more];
}
