/** Ed25519 identities. CONTRACT §1.5, §10; wire-format.md sections 1 and 3. */

import { createPrivateKey, createPublicKey, type KeyObject, sign as edSign, verify as edVerify } from "node:crypto";
import { base32, base64url, concat, fromBase64url } from "./bytes.ts";
import { canonicalBytes, without } from "./canonical.ts";
import type { Json, JsonObject } from "./json.ts";

/** Full NodeID or CommunityID. */
export const NODE_ID_PATTERN = /^ed25519:[A-Za-z0-9_-]{43}$/;
/** Signature: 64 bytes. */
export const SIGNATURE_PATTERN = /^ed25519:[A-Za-z0-9_-]{86}$/;
/** Short NodeID: four groups of four base32 characters. */
export const SHORT_ID_PATTERN = /^ed25519:[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$/;

const PREFIX = "ed25519:";
/** RFC 8410 headers in front of the 32 raw bytes. */
const PKCS8_HEADER = Uint8Array.fromHex("302e020100300506032b657004220420");
const SPKI_HEADER = Uint8Array.fromHex("302a300506032b6570032100");

/** A key pair of the mesh: a node, a member, or a community root. */
export interface Identity {
  /** Raw 32-byte seed. Never leaves the process except into key files. */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Full form, `ed25519:` and 43 characters. */
  readonly id: string;
  readonly privateKey: KeyObject;
}

/**
 * The identity of a 32-byte seed.
 *
 * @throws {RangeError} If the seed has another length.
 */
export function identityFromSeed(seed: Uint8Array): Identity {
  if (seed.length !== 32) throw new RangeError(`Cannot make an identity: the seed has ${seed.length} bytes, not 32`);
  const privateKey = createPrivateKey({
    key: concat([PKCS8_HEADER, seed]) as unknown as Buffer,
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(spki.subarray(SPKI_HEADER.length));
  return { seed, publicKey, id: PREFIX + base64url(publicKey), privateKey };
}

/** Whether the value is a full NodeID that decodes to 32 bytes. */
export function isNodeId(value: unknown): value is string {
  return typeof value === "string" && publicKeyOf(value) !== undefined;
}

/** The 32 public bytes of a full id, or undefined if the text is none. */
export function publicKeyOf(id: string): Uint8Array | undefined {
  if (!NODE_ID_PATTERN.test(id)) return undefined;
  try {
    return fromBase64url(id.slice(PREFIX.length));
  } catch {
    return undefined;
  }
}

/** Grouped base32 of the first ten bytes (wire-format.md section 1 decision; testers compare 12 characters). */
export function shortId(id: string): string {
  const key = publicKeyOf(id);
  if (key === undefined) throw new SyntaxError("Cannot shorten a text that is no full NodeID");
  return PREFIX + (base32(key.subarray(0, 10)).match(/.{4}/g) ?? []).join("-");
}

/** Raw 64-byte signature. */
export function signBytes(identity: Identity, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(edSign(null, bytes, identity.privateKey));
}

/** Tagged signature text, `ed25519:` and 86 characters. */
export function signText(identity: Identity, bytes: Uint8Array): string {
  return PREFIX + base64url(edSign(null, bytes, identity.privateKey));
}

const publicKeys = new Map<string, KeyObject>();
/** Bound on remembered public keys; a hostile log can name any number of authors. */
const MAX_REMEMBERED_KEYS = 4096;

function publicKeyObject(id: string): KeyObject | undefined {
  const known = publicKeys.get(id);
  if (known !== undefined) return known;
  const raw = publicKeyOf(id);
  if (raw === undefined) return undefined;
  try {
    const key = createPublicKey({
      key: concat([SPKI_HEADER, raw]) as unknown as Buffer,
      format: "der",
      type: "spki",
    });
    if (publicKeys.size >= MAX_REMEMBERED_KEYS) publicKeys.clear();
    publicKeys.set(id, key);
    return key;
  } catch {
    return undefined;
  }
}

/** Verifies a raw signature under the key of a full id. Never raises. */
export function verifyBytes(id: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = publicKeyObject(id);
  if (key === undefined || signature.length !== 64) return false;
  try {
    return edVerify(null, bytes, key, signature);
  } catch {
    return false;
  }
}

/** Verifies a tagged signature; a value without the `ed25519:` prefix is invalid. Never raises. */
export function verifyText(id: string, bytes: Uint8Array, signature: unknown): boolean {
  if (typeof signature !== "string" || !SIGNATURE_PATTERN.test(signature)) return false;
  try {
    return verifyBytes(id, bytes, fromBase64url(signature.slice(PREFIX.length)));
  } catch {
    return false;
  }
}

/** Adds `signature` over the canonical JSON of all other members (wire-format.md section 3). */
export function signDocument<T extends object>(identity: Identity, document: T): T & { signature: string } {
  const bytes = canonicalBytes(without(document, "signature"));
  return { ...document, signature: signText(identity, bytes) } as T & { signature: string };
}

/** Whether `signature` covers all other members under the given key. Never raises. */
export function verifyDocument(id: string, document: object): boolean {
  try {
    const { signature } = document as { signature?: Json };
    return verifyText(id, canonicalBytes(without(document, "signature") as JsonObject), signature);
  } catch {
    return false;
  }
}
