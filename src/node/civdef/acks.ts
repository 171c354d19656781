/** Acknowledgements per minute, node and alert (CIV-041), in bounded memory. */

const WINDOW_MS = 60_000;
/** Pairs of node and alert remembered; the oldest give way. */
const MAX_PAIRS = 10_000;

/** See the module comment. */
export class AckLimiter {
  readonly #times = new Map<string, number[]>();

  /** @param now Monotonic milliseconds. @returns False if this one is too many. */
  take(node: string, alertId: string, now: number, perMinute: number): boolean {
    const key = `${node} ${alertId}`;
    const recent = (this.#times.get(key) ?? []).filter((at) => now - at < WINDOW_MS);
    if (recent.length >= perMinute) return false;
    recent.push(now);
    this.#times.delete(key);
    this.#times.set(key, recent);
    const [oldest] = this.#times.keys();
    if (this.#times.size > MAX_PAIRS && oldest !== undefined) this.#times.delete(oldest);
    return true;
  }
}
