/** The ring of recent traces (wire-format.md section 18). */

import type { JsonObject } from "../../protocol/mod.ts";
import type { TraceRing } from "../core.ts";

/** Keeps the last `size` entries; the oldest is overwritten first. */
export class RecentTraces implements TraceRing {
  readonly #entries: JsonObject[] = [];
  #next = 0;
  constructor(private readonly size: number) {}

  add(entry: JsonObject): void {
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.size;
  }

  recent(n: number): readonly JsonObject[] {
    const inOrder = this.#entries.length < this.size
      ? this.#entries
      : [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
    return n <= 0 ? [] : inOrder.slice(-n);
  }
}
