/**
 * A view made of many small ones, one per key: a post with its updates, a message with its receipts. A late event makes
 * only its own key anew. What is over leaves memory and is read again from the log when it matters.
 */

import type { LoggedEvent } from "./logged_event.ts";
import { insertOrdered } from "./ordered.ts";

interface Slot<T> {
  readonly events: LoggedEvent[];
  value: T | undefined;
  /** Epoch of the value; another one: fold again. */
  epoch: number;
}

/** How a view is made of its events. */
export interface KeyedViewParts<T> {
  /** Key an event belongs to; undefined: none. */
  readonly keyOf: (event: LoggedEvent) => string | undefined;
  /** The value of a key's events in view order; undefined: nothing to show. */
  readonly fold: (events: readonly LoggedEvent[], key: string) => T | undefined;
  readonly order: (a: LoggedEvent, b: LoggedEvent) => number;
  /** Whether events are taken that belong before others of their key. */
  readonly acceptsLate: boolean;
  /** All stored events of a key; without it nothing ever leaves memory. */
  readonly reload?: ((key: string) => LoggedEvent[]) | undefined;
}

const NEVER_FOLDED = -1;

export class KeyedView<T> {
  readonly #slots = new Map<string, Slot<T>>();
  /** Keys that are only in the log. */
  readonly #forgotten = new Set<string>();
  /** Keys that {@linkcode live} still looks at. */
  #active = new Set<string>();
  #epoch = 0;

  constructor(private readonly parts: KeyedViewParts<T>) {}

  /** Takes in an event that is stored already. */
  add(logged: LoggedEvent): void {
    const { keyOf, order, acceptsLate } = this.parts;
    const key = keyOf(logged);
    if (key === undefined) return;
    const reloaded = this.#forgotten.has(key);
    const slot = this.#slot(key) ?? this.#open(key, []);
    if (!reloaded) {
      const last = insertOrdered(slot.events, logged, order);
      if (!last && !acceptsLate) slot.events.splice(slot.events.indexOf(logged), 1);
    }
    slot.epoch = NEVER_FOLDED;
    this.#active.add(key);
  }

  get(key: string): T | undefined {
    const slot = this.#slot(key);
    if (slot === undefined) return undefined;
    if (slot.epoch !== this.#epoch) {
      slot.value = this.parts.fold(slot.events, key);
      slot.epoch = this.#epoch;
    }
    return slot.value;
  }

  /** All values, in no particular order. */
  *values(): Generator<T> {
    for (const key of [...this.#slots.keys(), ...this.#forgotten]) {
      const value = this.get(key);
      if (value !== undefined) yield value;
    }
  }

  /** Values for which the predicate holds; the others are looked at again after {@linkcode wake} or an event. */
  live(alive: (value: T) => boolean): T[] {
    const found: T[] = [];
    for (const key of this.#active) {
      const value = this.get(key);
      if (value !== undefined && alive(value)) found.push(value);
      else this.#rest(key);
    }
    return found;
  }

  /** Looks at every key again: time went back. */
  wake(): void {
    this.#active = new Set([...this.#slots.keys(), ...this.#forgotten]);
  }

  /** Folds everything again: the past of the community changed. */
  invalidate(): void {
    this.#epoch++;
    this.wake();
  }

  #rest(key: string): void {
    this.#active.delete(key);
    if (this.parts.reload === undefined) return;
    this.#slots.delete(key);
    this.#forgotten.add(key);
  }

  #slot(key: string): Slot<T> | undefined {
    if (!this.#forgotten.delete(key)) return this.#slots.get(key);
    this.#active.add(key);
    return this.#open(key, (this.parts.reload?.(key) ?? []).sort(this.parts.order));
  }

  #open(key: string, events: LoggedEvent[]): Slot<T> {
    const slot: Slot<T> = { events, value: undefined, epoch: NEVER_FOLDED };
    this.#slots.set(key, slot);
    return slot;
  }
}
