/** A small deterministic text embedding: words and letter triples, hashed into a fixed number of places. */

/** The one embedding model of the node. */
export const EMBEDDING_MODEL = "hash-embed-64";
/** Numbers per vector. */
export const EMBEDDING_DIM = 64;

/** Places a feature falls into: several, so that two features rarely cancel out. */
const PLACES_PER_FEATURE = 3;
/** A word weighs more than a letter triple inside it. */
const WORD_WEIGHT = 1;
const TRIPLE_WEIGHT = 0.35;
const TRIPLE = 3;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** 32-bit FNV-1a over UTF-16 code units. */
export function hash32(text: string, start = FNV_OFFSET): number {
  let hash = start >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME) >>> 0;
  return hash;
}

/** Lower-case words of a text: runs of letters and digits. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The vector of a text, not normalised; never all zero. */
export function embed(text: string): readonly number[] {
  const vector = new Array<number>(EMBEDDING_DIM).fill(0);
  const found = words(text);
  // Each word is hashed once, however often it occurs: passages repeat most of theirs.
  const counts = new Map<string, number>();
  for (const word of found) counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const [word, count] of counts) {
    addFeature(vector, word, WORD_WEIGHT * count);
    const padded = `^${word}$`;
    for (let i = 0; i + TRIPLE <= padded.length; i++) {
      addFeature(vector, padded.slice(i, i + TRIPLE), TRIPLE_WEIGHT * count);
    }
  }
  if (found.length === 0 || vector.every((x) => x === 0)) addFeature(vector, `text:${text}`, WORD_WEIGHT);
  return vector;
}

function addFeature(vector: number[], feature: string, weight: number): void {
  for (let n = 0; n < PLACES_PER_FEATURE; n++) {
    const hash = hash32(`${n}${feature}`);
    const place = hash % EMBEDDING_DIM;
    const sign = (hash >>> 16) & 1 ? 1 : -1;
    vector[place] = (vector[place] ?? 0) + sign * weight;
  }
}

/** Cosine of two vectors of one length, -1 to 1. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  let dot = 0;
  for (const [i, x] of a.entries()) dot += x * (b[i] ?? 0);
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  return lengths === 0 ? 0 : dot / lengths;
}
