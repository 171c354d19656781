import { assertEquals } from "@std/assert";
import { Tally } from "./tally.ts";

Deno.test("an absence of the tester is looked behind in the end, though the tester died again before it had", () => {
  const tally = new Tally();
  const away = (from: number, to: number) => {
    tally.observe({ kind: "interruption", at: from, why: "the tester was away", testerAway: true });
    tally.observe({ kind: "resumption", at: to });
  };
  tally.observe({ kind: "interruption", at: 1, why: "SIGKILL and restart on purpose" });
  tally.observe({ kind: "resumption", at: 2 });
  assertEquals(tally.unlookedAway, undefined);
  away(10, 20);
  away(25, 30);
  assertEquals([tally.unlookedAway, tally.lastAway], [10, 25]);
  tally.observe({ kind: "looked-behind", at: 31, from: 25 });
  assertEquals(tally.unlookedAway, undefined);
  const back = new Tally();
  back.restore(JSON.parse(JSON.stringify(tally.state())));
  assertEquals(back.unlookedAway, undefined);
  back.observe({ kind: "interruption", at: 40, why: "the tester was away", testerAway: true });
  assertEquals(back.unlookedAway, 40);
});
