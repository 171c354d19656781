/** Byte and text conversions used by every encoder of the protocol. */

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lossyDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Encodes text as UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Three bytes for each character of a text that is still encoded in place. */
const scratch = new Uint8Array(12_288);

/**
 * Text in UTF-8 for use on the spot: the next call may overwrite it. For what is hashed or signed at once, where a
 * buffer of its own would cost more than the encoding.
 */
export function utf8Briefly(text: string): Uint8Array<ArrayBuffer> {
  if (3 * text.length > scratch.length) return utf8(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}

/**
 * Decodes UTF-8.
 *
 * @throws {TypeError} If the bytes are not valid UTF-8.
 */
export function fromUtf8(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}

/** Decodes UTF-8 for display; invalid sequences become U+FFFD. */
export function fromUtf8Lossy(bytes: Uint8Array): string {
  return lossyDecoder.decode(bytes);
}

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Whether two byte arrays hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Encodes as base64url without padding (CONTRACT §1.1). */
export function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Decodes base64url without padding. Padding, the standard alphabet, white space and trailing bits other than
 * zero are refused, so that every value has exactly one spelling.
 *
 * @throws {SyntaxError} If the text is not canonical unpadded base64url.
 */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    throw new SyntaxError(`Cannot decode base64url: current value has ${text.length} characters or a foreign one`);
  }
  const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url", lastChunkHandling: "loose" });
  if (base64url(bytes) !== text) throw new SyntaxError("Cannot decode base64url: trailing bits are not zero");
  return bytes;
}

/**
 * Decodes base64 in either alphabet, padded or not: what a reader of `data_b64` has to accept.
 *
 * @throws {SyntaxError} If the text is neither base64 nor base64url.
 */
export function fromBase64Tolerant(text: string): Uint8Array<ArrayBuffer> {
  if (/\s/.test(text)) throw new SyntaxError("Cannot decode base64: white space inside");
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.fromBase64(plain, { lastChunkHandling: "loose" });
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/**
 * Parses hexadecimal.
 *
 * @throws {SyntaxError} If the text has an odd length or another character.
 */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text);
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648 base32 without padding. */
export function base32(bytes: Uint8Array): string {
  let out = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += BASE32[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  if (bits > 0) out += BASE32[(value << (5 - bits)) & 31];
  return out;
}
