/** How often each token was used: sliding minute and total, per `jti`. CONTRACT2 §6.2; TOK-046, TOK-047. */

/** Calls of one token; `recent` holds the times of the last window. */
interface Use {
  total: number;
  recent: number[];
  /** `exp` of the token in Unix seconds; its use can be forgotten afterwards. */
  readonly exp: number;
}

/** What a token allows, as far as counting goes; undefined: no bound. */
export interface Budget {
  readonly perWindow: number | undefined;
  readonly total: number | undefined;
  readonly windowMs: number;
}

export type Spent =
  | { readonly kind: "ok" }
  | { readonly kind: "used-up" }
  /** The window is full; a call is possible again after `retryAfterMs`. */
  | { readonly kind: "too-fast"; readonly retryAfterMs: number };

export class TokenUse {
  readonly #uses = new Map<string, Use>();

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.#uses.size;
  }

  /** Counts a call at `mono` milliseconds, unless the budget forbids it. */
  spend(jti: string, exp: number, budget: Budget, mono: number, nowSeconds: number): Spent {
    if (budget.perWindow === undefined && budget.total === undefined) return { kind: "ok" };
    const use = this.#use(jti, exp, nowSeconds);
    if (budget.total !== undefined && use.total >= budget.total) return { kind: "used-up" };
    if (budget.perWindow !== undefined) {
      use.recent = use.recent.filter((at) => mono - at < budget.windowMs);
      if (use.recent.length >= budget.perWindow) {
        const oldest = use.recent[0] ?? mono;
        return { kind: "too-fast", retryAfterMs: Math.max(1, Math.ceil(oldest + budget.windowMs - mono)) };
      }
      use.recent.push(mono);
    }
    use.total++;
    return { kind: "ok" };
  }

  #use(jti: string, exp: number, nowSeconds: number): Use {
    const known = this.#uses.get(jti);
    if (known !== undefined) return known;
    if (this.#uses.size >= this.limit) this.#forget(nowSeconds);
    const use: Use = { total: 0, recent: [], exp };
    this.#uses.set(jti, use);
    return use;
  }

  #forget(nowSeconds: number): void {
    for (const [jti, { exp }] of this.#uses) if (exp <= nowSeconds) this.#uses.delete(jti);
    const [oldest] = this.#uses.keys();
    if (this.#uses.size >= this.limit && oldest !== undefined) this.#uses.delete(oldest);
  }
}
