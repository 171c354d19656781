/** Success rate and latency of one provider over its last calls, and its quarantine. M03 §5.7; BUS-051, BUS-052. */

import type { BusRules } from "../rules/bus.ts";

type HealthRules = Pick<BusRules, "healthWindow" | "quarantineBelow" | "quarantineMs">;

export class Health {
  readonly #good: boolean[] = [];
  readonly #latencies: number[] = [];
  #next = 0;
  #nextLatency = 0;
  #goodCount = 0;
  #quarantinedUntil: number | undefined;
  #probing = false;
  #p50: number | undefined;
  #p50Stale = false;

  constructor(private readonly rules: HealthRules) {}

  /** Share of good calls, 1 before the first one. */
  get success(): number {
    return this.#good.length === 0 ? 1 : this.#goodCount / this.#good.length;
  }

  /** Median duration of good calls in milliseconds; undefined before the first one. */
  get p50Ms(): number | undefined {
    if (this.#p50Stale) {
      const sorted = this.#latencies.toSorted((a, b) => a - b);
      this.#p50 = sorted[Math.floor((sorted.length - 1) / 2)];
      this.#p50Stale = false;
    }
    return this.#p50;
  }

  /** Whether a call may be sent at `mono`: not in quarantine, or the one probe after it. */
  usable(mono: number): boolean {
    if (this.#quarantinedUntil === undefined) return true;
    return mono >= this.#quarantinedUntil && !this.#probing;
  }

  /** A call is sent; after a quarantine this is the probe, and no second one leaves before it ends. */
  begin(): void {
    if (this.#quarantinedUntil !== undefined) this.#probing = true;
  }

  /** The call ended without saying anything about the provider (the caller went away). */
  abandon(): void {
    this.#probing = false;
  }

  /** A call ended. A failed probe starts a new quarantine, a good one clears the record. */
  record(good: boolean, ms: number, mono: number): void {
    if (this.#quarantinedUntil !== undefined && this.#probing) {
      this.#probing = false;
      if (!good) {
        this.#quarantinedUntil = mono + this.rules.quarantineMs;
        return;
      }
      this.#clear();
    }
    this.#remember(good, ms);
    if (!good && this.#quarantinedUntil === undefined && this.success < this.rules.quarantineBelow) {
      this.#quarantinedUntil = mono + this.rules.quarantineMs;
    }
  }

  #remember(good: boolean, ms: number): void {
    const window = this.rules.healthWindow;
    if (this.#good.length === window && this.#good[this.#next] === true) this.#goodCount--;
    this.#good[this.#next] = good;
    if (good) this.#goodCount++;
    this.#next = (this.#next + 1) % window;
    if (!good) return;
    this.#latencies[this.#nextLatency] = ms;
    this.#nextLatency = (this.#nextLatency + 1) % window;
    this.#p50Stale = true;
  }

  #clear(): void {
    this.#quarantinedUntil = undefined;
    this.#good.length = 0;
    this.#goodCount = 0;
    this.#next = 0;
  }
}
