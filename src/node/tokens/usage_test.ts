import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TokenUse } from "./usage.ts";

const WINDOW_MS = 60_000;

Deno.test("no window of a minute ever holds more calls than allowed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(30_000), { maxLength: 50 }), (limit, pauses) => {
      const use = new TokenUse(10);
      const taken: number[] = [];
      let mono = 0;
      for (const pause of pauses) {
        mono += pause;
        const spent = use.spend("j", 1e9, { perWindow: limit, total: undefined, windowMs: WINDOW_MS }, mono, 0);
        if (spent.kind === "ok") taken.push(mono);
        if (spent.kind === "too-fast") {
          const inWindow = taken.filter((at) => mono + spent.retryAfterMs - at < WINDOW_MS).length;
          assertEquals(inWindow < limit, true);
        }
        assertEquals(taken.filter((at) => mono - at < WINDOW_MS).length <= limit, true);
      }
    }),
  );
});

Deno.test("expired tokens are forgotten before live ones", () => {
  const use = new TokenUse(2);
  const budget = { perWindow: undefined, total: 1, windowMs: WINDOW_MS };
  use.spend("live", 100, budget, 0, 0);
  use.spend("dead", 5, budget, 0, 0);
  use.spend("new", 100, budget, 0, 10);
  assertEquals(use.size, 2);
  assertEquals(use.spend("live", 100, budget, 0, 10).kind, "used-up");
});
