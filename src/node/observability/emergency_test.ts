import { assertEquals } from "@std/assert";
import type { JsonObject } from "../../protocol/mod.ts";
import { VirtualClock } from "../../wire/clock.ts";
import { soundRules } from "../rules.ts";
import { operabilityRules } from "../rules/operability.ts";
import { Emergency } from "./emergency.ts";
import { SILENT } from "./logger.ts";

/** A node's emergency mode with a clock to move and an internet to take away. */
function scene(rules = soundRules) {
  const clock = new VirtualClock({ advanceOnSleep: false });
  const internet = { failing: 0 };
  const changes: unknown[] = [];
  let renewals = 0;
  const emergency = new Emergency({
    rules,
    clock,
    stopping: new AbortController().signal,
    logger: SILENT,
    topics: {
      publish: (_topic, payload) => void changes.push((payload as JsonObject).to),
      seq: () => 0,
      next: () => Promise.resolve(undefined),
    },
    manifest: {
      current: () => ({}) as never,
      renew: () => {
        renewals++;
        return {} as never;
      },
      stop: () => {},
    },
  }, (probe) => Promise.resolve(probe >= internet.failing));
  const after = async (ms: number) => {
    clock.advance(ms);
    await emergency.look();
    return emergency.mode;
  };
  return { emergency, internet, changes, after, renewals: () => renewals };
}

Deno.test("offline takes two failing addresses for 30 s, online 10 s without a failure", async () => {
  const { internet, after, changes, renewals } = scene();
  internet.failing = 4;
  assertEquals([await after(1), await after(29_999), await after(1)], ["online", "online", "offline"]);
  internet.failing = 0;
  assertEquals([await after(1), await after(9_999), await after(1)], ["offline", "offline", "online"]);
  assertEquals([changes, renewals()], [["offline", "online"], 2]);
});

Deno.test("a short return starts the wait anew, and one failing address is degraded at once", async () => {
  const { internet, after } = scene();
  internet.failing = 2;
  await after(1);
  await after(29_000);
  internet.failing = 1;
  assertEquals(await after(1), "degraded");
  internet.failing = 2;
  assertEquals([await after(1), await after(29_000)], ["degraded", "degraded"]);
  assertEquals(await after(1_000), "offline");
});

Deno.test("offline capabilities are those that say they need the internet", () => {
  assertEquals(operabilityRules.advertisedOffline({ requires_internet: true }), false);
  assertEquals(operabilityRules.advertisedOffline({ requires_internet: false }), true);
  assertEquals(operabilityRules.advertisedOffline({}), true);
});
