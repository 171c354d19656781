/** Recent data in slots of equal time, merged on demand: what windowed rates and percentiles are taken from. */

/** A ring of mergeable values. Data older than the ring is forgotten, so memory does not grow with the run. */
export class SlidingSlots<T> {
  readonly #slots = new Map<number, T>();
  #newest = -Infinity;

  /**
   * @param slot_s Width of a slot in seconds; windows are exact to one slot.
   * @param count Slots kept.
   */
  constructor(private readonly slot_s: number, private readonly count: number, private readonly make: () => T) {
    if (!(slot_s > 0) || !Number.isInteger(count) || count < 1) {
      throw new RangeError(`Cannot keep slots: current width is ${slot_s}, current count is ${count}`);
    }
  }

  /** The slot of a time in seconds, made if needed; undefined if that time is already forgotten. */
  at(t_s: number): T | undefined {
    const index = Math.floor(t_s / this.slot_s);
    if (index <= this.#newest - this.count) return undefined;
    if (index > this.#newest) this.#forget(index);
    let slot = this.#slots.get(index);
    if (slot === undefined) this.#slots.set(index, slot = this.make());
    return slot;
  }

  /** Slots that begin in the window from `from` up to, but not at, `to`. */
  within(from: number, to: number): T[] {
    const found: T[] = [];
    for (const [index, slot] of this.#slots) {
      const start = index * this.slot_s;
      if (start >= from && start < to) found.push(slot);
    }
    return found;
  }

  /** All slots with their numbers: slot `n` begins at `n` times the width. */
  entries(): Iterable<[index: number, slot: T]> {
    return this.#slots.entries();
  }

  /** What the ring holds, for the journal. */
  toJSON<S>(
    store: (slot: T) => S,
  ): { readonly newest: number | null; readonly slots: readonly (readonly [number, S])[] } {
    const newest = Number.isFinite(this.#newest) ? this.#newest : null;
    return { newest, slots: [...this.#slots].map(([index, slot]) => [index, store(slot)]) };
  }

  /** Takes what {@linkcode SlidingSlots.toJSON} gave. */
  restore<S>(stored: ReturnType<typeof this.toJSON<S>>, read: (slot: S) => T): void {
    this.#newest = stored.newest ?? -Infinity;
    for (const [index, slot] of stored.slots) this.#slots.set(index, read(slot));
  }

  #forget(newest: number): void {
    this.#newest = newest;
    for (const index of this.#slots.keys()) {
      if (index <= newest - this.count) this.#slots.delete(index);
    }
  }
}
