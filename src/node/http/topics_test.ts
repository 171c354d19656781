import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../wire/clock.ts";
import { soundRules } from "../rules.ts";
import { MemoryTopics } from "./topics.ts";

const FOREVER = new AbortController().signal;

function topics(changed: Partial<typeof soundRules> = {}) {
  const clock = new VirtualClock({ advanceOnSleep: false });
  return { clock, topics: new MemoryTopics({ ...soundRules, ...changed }, clock) };
}

Deno.test("a message wakes every subscriber of its topic and no other", async () => {
  const { clock, topics: all } = topics();
  const waits = ["a.b", "a.b", "c.d"].map((topic) => all.next(topic, undefined, 1000, FOREVER));
  all.publish("a.b", { x: 1 });
  const message = { topic: "a.b", seq: 1, payload: { x: 1 } };
  assertEquals(await Promise.all(waits.slice(0, 2)), [message, message]);
  clock.advance(1000);
  assertEquals(await waits[2], undefined);
  assertEquals(clock.sleeping, 0);
});

Deno.test("last_seq yields only newer messages, oldest first, as far as they are kept", async () => {
  const { topics: all } = topics();
  for (let i = 1; i <= 70; i++) all.publish("a.b", i);
  const next = async (last: number) => (await all.next("a.b", last, 0, FOREVER))?.seq;
  assertEquals([await next(0), await next(68), await next(70)], [7, 69, undefined]);
});

Deno.test("an aborted wait ends without a message", async () => {
  const { clock, topics: all } = topics();
  const abort = new AbortController();
  const wait = all.next("a.b", undefined, 1000, abort.signal);
  abort.abort();
  assertEquals(await wait, undefined);
  assertEquals(clock.sleeping, 0);
});

Deno.test("waking, sharing and matching are rules", async () => {
  const slow = topics({ pollWakes: false });
  const late = slow.topics.next("a.b", undefined, 1000, FOREVER);
  slow.topics.publish("a.b", 1);
  slow.clock.advance(1000);
  assertEquals((await late)?.seq, 1);

  const queue = topics({ deliverToAll: false });
  const two = [1, 2].map(() => queue.topics.next("a.b", undefined, 1000, FOREVER));
  queue.topics.publish("a.b", 1);
  queue.clock.advance(1000);
  assertEquals((await Promise.all(two)).filter((message) => message !== undefined).length, 1);

  const broadcast = topics({ topicMatches: () => true });
  const other = broadcast.topics.next("c.d", undefined, 1000, FOREVER);
  broadcast.topics.publish("a.b", "leaked");
  assertEquals((await other)?.payload, "leaked");
});
