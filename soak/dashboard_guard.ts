/** Keeps who guesses at the token of the dashboard waiting. */

import type { Clock } from "../src/protocol/mod.ts";

/** Wrong tokens an address may give before it has to wait, and for how many milliseconds. */
export const MAX_WRONG = 10;
export const LOCKED_MS = 60_000;
/** Addresses remembered; the one not heard of for longest gives way. */
const MAX_ADDRESSES = 1000;
const MS_PER_SECOND = 1000;

/** See the module comment. One address cannot keep another one out. */
export class TokenGuard {
  readonly #wrong = new Map<string, { readonly count: number; readonly at: number }>();

  constructor(private readonly clock: Clock) {}

  /** Whole seconds an address still has to wait; 0 if it may try. */
  waits(address: string): number {
    const { count, at } = this.#wrong.get(address) ?? { count: 0, at: 0 };
    if (count < MAX_WRONG) return 0;
    const left = at + LOCKED_MS - this.clock.mono();
    return left > 0 ? Math.ceil(left / MS_PER_SECOND) : 0;
  }

  /** An address gave a wrong token. After a wait it has one try, and waits again. */
  wrong(address: string): void {
    const count = (this.#wrong.get(address)?.count ?? 0) + 1;
    this.#wrong.delete(address);
    this.#wrong.set(address, { count, at: this.clock.mono() });
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size > MAX_ADDRESSES && oldest !== undefined) this.#wrong.delete(oldest);
  }

  /** An address gave the right token. */
  right(address: string): void {
    this.#wrong.delete(address);
  }
}
