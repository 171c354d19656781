import { assertEquals } from "@std/assert";
import { VirtualClock } from "../wire/clock.ts";
import { RateLimiter } from "./limiter.ts";
import { soundRules } from "./rules.ts";

function limiter(changed: Partial<typeof soundRules> = {}) {
  const clock = new VirtualClock({ advanceOnSleep: false });
  return { clock, budget: new RateLimiter({ ...soundRules, ...changed }, clock) };
}

function kinds(count: number, charge: (i: number) => { readonly kind: string }): Record<string, number> {
  const all: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const { kind } = charge(i);
    all[kind] = (all[kind] ?? 0) + 1;
  }
  return all;
}

Deno.test("ten calls at once pass, up to a hundred are refused, the rest is dropped", () => {
  const { budget } = limiter();
  assertEquals(kinds(120, () => budget.charge("a", "x.y")), { pass: 10, refuse: 90, drop: 20 });
});

Deno.test("after the announced time the next call passes", () => {
  const { clock, budget } = limiter();
  kinds(10, () => budget.charge("a", "x.y"));
  const refused = budget.charge("a", "x.y");
  assertEquals(refused, { kind: "refuse", retryAfterMs: 100, reason: "soft" });
  clock.advance(100);
  assertEquals(budget.charge("a", "x.y").kind, "pass");
  assertEquals(budget.charge("a", "x.y").kind, "refuse");
});

Deno.test("budgets are kept per peer and per capability", () => {
  const { budget } = limiter();
  kinds(20, () => budget.charge("a", "x.y"));
  assertEquals(budget.charge("b", "x.y").kind, "pass");
  assertEquals(budget.charge("a", "x.z").kind, "pass");
});

Deno.test("a peer's calls in total are limited at a hundred and dropped at a thousand", () => {
  const { budget } = limiter();
  assertEquals(kinds(1_100, (i) => budget.charge("a", `x.n${i}`)), { pass: 100, refuse: 900, drop: 100 });
});

Deno.test("a steady rate below the budget is never limited", () => {
  const { clock, budget } = limiter();
  const steady = () => {
    clock.advance(200);
    return budget.charge("a", "x.y");
  };
  assertEquals(kinds(100, steady), { pass: 100 });
});

Deno.test("keys, bans and drops are rules", () => {
  const global = limiter({ rateKey: (_caller, capability) => capability });
  kinds(10, () => global.budget.charge("a", "x.y"));
  assertEquals(global.budget.charge("b", "x.y").kind, "refuse");
  const ban = limiter({ rateBanMs: 60_000, aboveHard: "refuse" });
  assertEquals(kinds(120, () => ban.budget.charge("a", "x.y")), { pass: 10, refuse: 110 });
  ban.clock.advance(30_000);
  assertEquals(ban.budget.charge("a", "x.y").kind, "refuse");
});

Deno.test("buckets of many callers are forgotten once they are full", () => {
  const { clock, budget } = limiter();
  for (let i = 0; i < 30_000; i++) {
    if (i % 1000 === 0) clock.advance(1000);
    assertEquals(budget.charge(`caller ${i}`, "x.y").kind, "pass");
  }
});

Deno.test("a faulty limiter fails above the hard budget", () => {
  const { budget } = limiter({ aboveHard: "fail" });
  assertEquals(kinds(120, () => budget.charge("a", "x.y")), { pass: 10, refuse: 90, fail: 20 });
});
