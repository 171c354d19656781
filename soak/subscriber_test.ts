import { assertEquals } from "@std/assert";
import type { HttpAnswer } from "../src/wire/mod.ts";
import { systemClock, VirtualClock } from "../src/wire/clock.ts";
import { type MessageRead, subscribe } from "./subscriber.ts";

function answer(body: unknown): HttpAnswer {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return { status: 200, body: bytes } as unknown as HttpAnswer;
}

Deno.test("a poll that waits when the run ends is given up, and its late answer tells nothing", async () => {
  const over = new AbortController();
  const late = Promise.withResolvers<HttpAnswer>();
  const seen: MessageRead[] = [];
  const polling = Promise.withResolvers<void>();
  const exchange = () => {
    polling.resolve();
    return late.promise;
  };
  const clock = systemClock();
  const subscribed = subscribe({ clock, exchange, observe: (read) => seen.push(read), count: 2 }, over.signal);
  await polling.promise;
  over.abort(new Error("the run is over"));
  await subscribed;
  late.resolve(answer({ seq: 1, payload: { event_id: "E" } }));
  await late.promise;
  assertEquals(seen, []);
});

Deno.test("messages are told with their number, and polls go on behind the last", async () => {
  const over = new AbortController();
  const asked: string[] = [];
  const seen: MessageRead[] = [];
  const exchange = ({ path }: { readonly path: string }) => {
    asked.push(path);
    if (asked.length === 3) over.abort(new Error("enough"));
    return Promise.resolve(answer(asked.length === 1 ? { seq: 7, payload: { event_id: "E" } } : { timeout: true }));
  };
  await subscribe({ clock: new VirtualClock(), exchange, observe: (read) => seen.push(read), count: 1 }, over.signal);
  assertEquals(seen.map(({ messages }) => messages), [1, 0]);
  assertEquals(asked.map((path) => /last_seq=(\d+)/.exec(path)?.[1]), [undefined, "7", "7"]);
});
