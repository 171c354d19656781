import { assert, assertEquals } from "@std/assert";
import { EmbeddedTarget } from "../src/target/embedded.ts";
import { systemClock } from "../src/wire/mod.ts";
import { commonCast } from "./contest.ts";
import { type Contestant, meet } from "./side.ts";

Deno.test("nobody makes bursts or is revoked where one of the targets must not be harmed", async () => {
  const frame = { seed: 1, timeOrigin: Date.UTC(2027, 2, 14), clock: systemClock(), scope: "diff" };
  const target = new EmbeddedTarget({ seed: 1, timeOrigin: frame.timeOrigin, faults: [], variants: [] });
  try {
    const met = await meet("left", target, frame);
    const all = commonCast([met, met]);
    assertEquals(["b1", "b5", "r1", "self", "m10"].filter((name) => name in all).length, 5);
    const access = { ...target.access, disposable: false };
    const live: Contestant = { ...met, target: Object.create(target, { access: { value: access } }) };
    const spared = commonCast([met, live]);
    assert(!("b1" in spared) && !("r1" in spared));
    assertEquals(Object.keys(all).filter((name) => !(name in spared)), ["b1", "b2", "b3", "b4", "b5", "r1"]);
  } finally {
    await target.stop();
  }
});
