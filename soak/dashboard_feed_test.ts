import { assertEquals, assertRejects } from "@std/assert";
import { Feed, MAX_WAITING_BYTES, MAX_WATCHERS } from "./dashboard_feed.ts";

const decoder = new TextDecoder();

async function allOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const bytes of stream) text += decoder.decode(bytes);
  return text;
}

Deno.test("a watcher is told what was first, then what comes, until the end", async () => {
  const feed = new Feed();
  const stream = feed.watch([["points", { a: 1 }]]);
  feed.tell("standing", () => "line\nline");
  feed.end();
  assertEquals(
    await allOf(stream),
    'event: points\ndata: {"a":1}\n\nevent: standing\ndata: "line\\nline"\n\n',
  );
  assertEquals(await allOf(feed.watch([["late", 1]])), "event: late\ndata: 1\n\n");
});

Deno.test("nothing is made for nobody", () => {
  let made = 0;
  new Feed().tell("standing", () => made++);
  assertEquals(made, 0);
});

Deno.test("who does not read is dropped before too much waits, and the others are not", async () => {
  const feed = new Feed();
  const slow = feed.watch([]);
  const reader = feed.watch([]).getReader();
  const big = "x".repeat(MAX_WAITING_BYTES / 4);
  for (let n = 0; n < 8; n++) {
    feed.tell("big", () => big);
    await reader.read();
  }
  assertEquals(feed.watchers, 1);
  await assertRejects(() => allOf(slow), Error, "too slowly");
});

Deno.test("who goes leaves his place", async () => {
  const feed = new Feed();
  const streams = Array.from({ length: MAX_WATCHERS }, () => feed.watch([]));
  assertEquals(feed.full, true);
  await streams[0]?.cancel();
  assertEquals([feed.full, feed.watchers], [false, MAX_WATCHERS - 1]);
});
