/** What a run keeps of its answers: all of them while they are few, later only what shows something new. */

import { type Finding, keyOf } from "./finding.ts";
import type { Observation } from "./observation.ts";

/** Bytes of both sides together; a run of 500 steps has a tenth of it. Parsed values take a few times as much. */
export const MAX_RUN_BYTES = 64 * 1_048_576;
/** Kinds of differences whose first step is kept beyond it. */
const MAX_KINDS = 1_000;

const NOTHING = new Uint8Array(0);

/** See the module comment; memory does not grow with the steps beyond the bound. */
export class KeptAnswers {
  #bytes = 0;
  readonly #kinds = new Set<string>();

  constructor(private readonly maxBytes = MAX_RUN_BYTES) {}

  /** Both observations as they are to be kept; how they ended always is. */
  keep(left: Observation, right: Observation, found: readonly Finding[]): readonly [Observation, Observation] {
    const isNew = found.some((finding) => this.#kinds.size < MAX_KINDS && !this.#kinds.has(keyOf(finding)));
    for (const finding of found) if (this.#kinds.size < MAX_KINDS) this.#kinds.add(keyOf(finding));
    this.#bytes += sizeOf(left) + sizeOf(right);
    return isNew || this.#bytes <= this.maxBytes ? [left, right] : [light(left), light(right)];
  }
}

function sizeOf({ body, sent, received }: Observation): number {
  return body.length + sent.length + received.length;
}

function light(seen: Observation): Observation {
  return { ...seen, body: NOTHING, sent: NOTHING, received: NOTHING, value: undefined, frames: undefined };
}
