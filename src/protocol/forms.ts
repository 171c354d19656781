/** Forms of texts that name things: what may be called differently on the two sides (wire-format.md section 1). */

import { fromUtf8Lossy } from "./bytes.ts";
import { type Json, tryParseJson } from "./json.ts";

/** `time` has an order; the others are names. */
export type Form = "ulid" | "uuid" | "node" | "short" | "signature" | "hash" | "token" | "invite" | "time";

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const HASH = /^blake3:[0-9a-f]{64}$/;
const NODE = /^ed25519:[A-Za-z0-9_-]{43}$/;
const SIGNATURE = /^ed25519:[A-Za-z0-9_-]{86}$/;
const SHORT = /^ed25519:[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?$/;
const ULID_LENGTH = 26;
const UUID_LENGTH = 36;
const HASH_LENGTH = 71;
const NODE_LENGTH = 51;
const SIGNATURE_LENGTH = 94;
const SHORT_LENGTH = 27;
/** `2027-03-14T09:26:53` and the longest zone. */
const TIME_LENGTHS = { least: 19, most: 35 };

/** The form of a text; undefined for plain text. Lengths are looked at first: most texts are plain. */
export function formOf(text: string): Form | undefined {
  switch (text.length) {
    case ULID_LENGTH:
      if (ULID.test(text)) return "ulid";
      break;
    case UUID_LENGTH:
      if (UUID.test(text)) return "uuid";
      break;
    case HASH_LENGTH:
      if (HASH.test(text)) return "hash";
      break;
    case NODE_LENGTH:
      if (NODE.test(text)) return "node";
      break;
    case SIGNATURE_LENGTH:
      if (SIGNATURE.test(text)) return "signature";
      break;
    case SHORT_LENGTH:
      if (SHORT.test(text)) return "short";
      break;
  }
  if (text.length >= TIME_LENGTHS.least && text.length <= TIME_LENGTHS.most && TIME.test(text)) return "time";
  if (text.startsWith("hntoken://v1/")) return "token";
  if (text.startsWith("hearthnet://v1/") || (text.length > SIGNATURE_LENGTH && text.startsWith("ed25519:"))) {
    return "invite";
  }
  return undefined;
}

/** Names inside a longer text. */
export const NAMES_WITHIN =
  /blake3:[0-9a-f]{64}|ed25519:[A-Za-z0-9_-]{86}|ed25519:[A-Za-z0-9_-]{43}|(?<![0-9A-Za-z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Za-z])|(?<![0-9A-Za-z-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z-])|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g;

/** What a token or an invitation says inside; undefined if it cannot be read. */
export function opened(text: string): Json | undefined {
  try {
    if (text.startsWith("hntoken://v1/")) {
      const [header = "", payload = "", signature = ""] = text.slice("hntoken://v1/".length).split(".");
      const read = (segment: string) => tryParseJson(decoded(segment)) ?? fromUtf8Lossy(decoded(segment));
      return { header: read(header), payload: read(payload), signature_bytes: decoded(signature).length };
    }
    return tryParseJson(decoded(text.replace(/^(hearthnet:\/\/v1\/|ed25519:)/, "")));
  } catch {
    return undefined;
  }
}

function decoded(segment: string): Uint8Array {
  return Uint8Array.fromBase64(segment, { alphabet: "base64url" });
}
