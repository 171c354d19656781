/**
 * A view made of many small ones, one per key: a post with its updates, a message with its receipts. A late event makes
 * only its own key anew.
 */

import type { LoggedEvent } from "./logged_event.ts";
import { insertOrdered } from "./ordered.ts";

interface Slot<T> {
  readonly events: LoggedEvent[];
  value: T | undefined;
  /** Epoch of the value; another one: fold again. */
  epoch: number;
}

export class KeyedView<T> {
  readonly #slots = new Map<string, Slot<T>>();
  /** Keys that {@linkcode live} still looks at. */
  #active = new Set<string>();
  #epoch = 0;

  constructor(
    private readonly keyOf: (event: LoggedEvent) => string | undefined,
    /** The value of a key's events in view order; undefined: nothing to show. */
    private readonly fold: (events: readonly LoggedEvent[], key: string) => T | undefined,
    private readonly order: (a: LoggedEvent, b: LoggedEvent) => number,
    private readonly acceptsLate: boolean,
  ) {}

  add(logged: LoggedEvent): void {
    const key = this.keyOf(logged);
    if (key === undefined) return;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = { events: [], value: undefined, epoch: -1 };
      this.#slots.set(key, slot);
    }
    const last = insertOrdered(slot.events, logged, this.order);
    if (!last && !this.acceptsLate) slot.events.splice(slot.events.indexOf(logged), 1);
    slot.epoch = -1;
    this.#active.add(key);
  }

  get(key: string): T | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    if (slot.epoch !== this.#epoch) {
      slot.value = this.fold(slot.events, key);
      slot.epoch = this.#epoch;
    }
    return slot.value;
  }

  /** All values, in no particular order. */
  *values(): Generator<T> {
    for (const key of this.#slots.keys()) {
      const value = this.get(key);
      if (value !== undefined) yield value;
    }
  }

  /** Values for which the predicate still holds; the others are looked at again only after {@linkcode wake} or an event. */
  live(alive: (value: T) => boolean): T[] {
    const found: T[] = [];
    for (const key of this.#active) {
      const value = this.get(key);
      if (value !== undefined && alive(value)) found.push(value);
      else this.#active.delete(key);
    }
    return found;
  }

  /** Looks at every key again: time went back. */
  wake(): void {
    this.#active = new Set(this.#slots.keys());
  }

  /** Folds everything again: the past of the community changed. */
  invalidate(): void {
    this.#epoch++;
    this.wake();
  }
}
