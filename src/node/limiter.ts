/** Rate budgets per peer and capability and per peer in total. CONTRACT §8; wire-format.md section 15. */

import type { Clock } from "../protocol/mod.ts";
import type { RateBudget, TransportRules } from "./rules/transport.ts";

/** What becomes of a call. */
export type RateVerdict =
  | { readonly kind: "pass" }
  | { readonly kind: "refuse"; readonly retryAfterMs: number; readonly reason: string }
  | { readonly kind: "drop"; readonly reason: string }
  | { readonly kind: "fail"; readonly reason: string };

const PASS: RateVerdict = { kind: "pass" };
const MS_PER_SECOND = 1000;
/** Buckets above which full ones are forgotten; callers and capability names come from outside. */
const MAX_BUCKETS = 10_000;

/** Tokens of one budget: full at one second's worth, refilled continuously. */
class Bucket {
  #tokens: number;
  #at: number;
  constructor(readonly perSecond: number, now: number) {
    this.#tokens = perSecond;
    this.#at = now;
  }

  /** Takes a token; false if there is none. */
  take(now: number): boolean {
    if (this.perSecond === Number.POSITIVE_INFINITY) return true;
    this.refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  refill(now: number): void {
    const gained = (now - this.#at) / MS_PER_SECOND * this.perSecond;
    this.#tokens = Math.min(this.perSecond, this.#tokens + gained);
    this.#at = now;
  }

  untilTokenMs(): number {
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.perSecond * MS_PER_SECOND;
  }

  get full(): boolean {
    return this.#tokens >= this.perSecond;
  }
}

interface Budget {
  readonly soft: Bucket;
  readonly hard: Bucket;
  bannedUntil: number;
}

type LimiterRules = Pick<
  TransportRules,
  "ratePerCapability" | "rateTotal" | "rateKey" | "rateTotalKey" | "retryAfterMs" | "rateBanMs" | "aboveHard"
>;

/** See the module comment. Runs on the monotonic clock. */
export class RateLimiter {
  readonly #calls = new Map<string, Budget>();
  readonly #totals = new Map<string, Budget>();
  constructor(private readonly rules: LimiterRules, private readonly clock: Clock) {}

  /** Charges one call of `caller` and says what becomes of it. */
  charge(caller: string, capability: string): RateVerdict {
    const now = this.clock.mono();
    const { rules } = this;
    const call = budget(this.#calls, rules.rateKey(caller, capability), rules.ratePerCapability, now);
    const total = budget(this.#totals, rules.rateTotalKey(caller), rules.rateTotal, now);
    for (const [one, reason] of [[call, "hard"], [total, "total_hard"]] as const) {
      if (!one.hard.take(now) && rules.aboveHard !== "refuse") return { kind: rules.aboveHard, reason };
    }
    for (const [one, reason] of [[call, "soft"], [total, "total_soft"]] as const) {
      if (now < one.bannedUntil) return this.#refuse(one.bannedUntil - now, reason);
      if (one.soft.take(now)) continue;
      if (rules.rateBanMs > 0) one.bannedUntil = now + rules.rateBanMs;
      return this.#refuse(one.soft.untilTokenMs(), reason);
    }
    return PASS;
  }

  #refuse(untilTokenMs: number, reason: string): RateVerdict {
    return { kind: "refuse", retryAfterMs: this.rules.retryAfterMs(untilTokenMs), reason };
  }
}

function budget(map: Map<string, Budget>, key: string, rate: RateBudget, now: number): Budget {
  const known = map.get(key);
  if (known !== undefined) return known;
  if (map.size >= MAX_BUCKETS) forgetFull(map, now);
  const made: Budget = { soft: new Bucket(rate.soft, now), hard: new Bucket(rate.hard, now), bannedUntil: 0 };
  map.set(key, made);
  return made;
}

function forgetFull(map: Map<string, Budget>, now: number): void {
  for (const [key, { soft, hard, bannedUntil }] of map) {
    soft.refill(now);
    hard.refill(now);
    if (soft.full && hard.full && bannedUntil <= now) map.delete(key);
  }
  // All of them in use: the oldest goes, so that memory stays bounded.
  if (map.size >= MAX_BUCKETS) {
    const oldest = map.keys().next().value;
    if (oldest !== undefined) map.delete(oldest);
  }
}
