/** One result per caller, capability and `client_id`, also for identical calls that run at the same time (BUS-041). */

import type { Call } from "../core.ts";
import type { BusRules } from "../rules/bus.ts";

/** Remembers the first result of each key. Failures are not remembered: a retry runs again. */
export class FirstResults<T> {
  readonly #results = new Map<string, Promise<T>>();
  readonly #settled = new Map<string, T>();

  constructor(private readonly rules: Pick<BusRules, "repeats" | "repeatsKept">) {}

  /** The result of the first call with the key; `make` runs only for that one. */
  async once(key: string, make: () => Promise<T> | T): Promise<T> {
    if (this.rules.repeats === "new-result") return await make();
    if (this.rules.repeats === "racy") return await this.#racy(key, make);
    const known = this.#results.get(key);
    if (known !== undefined) return await known;
    const made = Promise.resolve().then(make);
    this.#results.set(key, made);
    trim(this.#results, this.rules.repeatsKept);
    try {
      return await made;
    } catch (error) {
      this.#results.delete(key);
      throw error;
    }
  }

  async #racy(key: string, make: () => Promise<T> | T): Promise<T> {
    const known = this.#settled.get(key);
    if (known !== undefined) return known;
    const result = await make();
    this.#settled.set(key, result);
    trim(this.#settled, this.rules.repeatsKept);
    return result;
  }
}

/** The key of a call: caller, capability and its own idempotency member. */
export function repeatKey(call: Pick<Call, "caller" | "capability">, clientId: string): string {
  return JSON.stringify([call.caller, call.capability, clientId]);
}

function trim(map: Map<string, unknown>, limit: number): void {
  if (map.size <= limit) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
