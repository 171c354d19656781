/**
 * Learned values in the traffic of a run: identifiers that the target named first and the tester sent back. Against
 * embedded nodes they repeat with the seed; elsewhere two runs are equal after substituting them, and the report counts
 * them (design.md "one seed, one exchange record").
 */

import type { TranscriptRecord } from "../wire/mod.ts";

/** Kinds of identifiers, each with the form it has on the wire. The longer forms come first. */
const KINDS: readonly (readonly [path: string, pattern: RegExp])[] = [
  ["token", /hntoken:\/\/v1\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g],
  ["cid", /blake3:[0-9a-f]{64}/g],
  ["node_id", /ed25519:[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g],
  ["ulid", /(?<![0-9A-Z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Z])/g],
];

/** Pieces longer than this hold payload, not identifiers, and are passed over. */
const MAX_PIECE_BYTES = 262_144;

const latin1 = new TextDecoder("latin1");

/** Counts learned values over a run, scope by scope. */
export class Substitutions {
  readonly #counts = new Map<string, number>();
  /** Named by the target in any scope before: community id and NodeID are learned once. */
  readonly #everywhere = new Set<string>();

  /** Adds one scope. Values learned in the pre-flight count in all scopes after it. */
  add(scope: string, records: readonly TranscriptRecord[]): void {
    const learned = new Set(this.#everywhere);
    const own = new Set<string>();
    for (const { direction, bytes } of records) {
      if (bytes === undefined || bytes.length > MAX_PIECE_BYTES) continue;
      if (direction !== "in" && direction !== "out") continue;
      const text = latin1.decode(bytes);
      for (const [path, pattern] of KINDS) {
        for (const [value] of text.matchAll(pattern)) {
          if (direction === "in") {
            if (!own.has(value)) learned.add(value);
          } else if (learned.has(value)) this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
          else own.add(value);
        }
      }
    }
    if (scope === "preflight") { for (const value of learned) this.#everywhere.add(value); }
  }

  /** Counts by kind of identifier, in the order of the kinds. */
  list(): { readonly path: string; readonly count: number }[] {
    return KINDS.flatMap(([path]) => {
      const count = this.#counts.get(path);
      return count === undefined ? [] : [{ path, count }];
    });
  }
}
