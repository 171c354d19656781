/**
 * Digest of a set of event ids, whatever their order: two nodes whose digests differ hold different sets. Not secure
 * against forgery and not meant to be; it saves two honest nodes a comparison.
 */

/** Multipliers of two independent 32-bit string hashes (FNV-1a's prime and an odd neighbour of the golden ratio). */
const FNV_PRIME = 0x01000193;
const GOLDEN = 0x9e3779b1;
const FNV_OFFSET = 0x811c9dc5;

export class SetDigest {
  #a = 0;
  #b = 0;

  add(id: string): void {
    let a = FNV_OFFSET;
    let b = 0;
    for (let i = 0; i < id.length; i++) {
      const code = id.charCodeAt(i);
      a = Math.imul(a ^ code, FNV_PRIME);
      b = Math.imul(b + code, GOLDEN);
      b ^= b >>> 15;
    }
    this.#a ^= a;
    this.#b ^= b;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
