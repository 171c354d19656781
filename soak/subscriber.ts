/** Long-lived subscriptions beside the load: long polls on one topic, each kept up to the end of the run. */

import { type Clock, isObject, tryParseJson } from "../src/protocol/mod.ts";
import type { HttpAnswer, HttpRequest } from "../src/wire/mod.ts";

/** What a subscription brought since the last of these. */
export interface MessageRead {
  readonly kind: "message";
  readonly at: number;
  readonly subscriber: number;
  /** Messages with an event; 0 if a poll ended without one. */
  readonly messages: number;
}

/** The topic that the load makes news on. */
const TOPIC = "marketplace.post.created";
/** Seconds one poll waits: short enough to end with the run, and to notice silence. */
const POLL_S = 5;
/** Milliseconds in which messages are told together. */
const TOLD_EVERY_MS = 1000;
/** Milliseconds before another try after a failed poll. */
const RETRY_MS = 1000;
/** Where nodes put the payload of a message. */
const PAYLOADS = ["payload", "message", "data", "event"] as const;

export interface SubscriberOptions {
  readonly clock: Clock;
  readonly exchange: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly observe: (read: MessageRead) => void;
  readonly count: number;
}

/** Polls until the signal is aborted; a poll that then still waits is given up, since nobody needs its answer. */
export async function subscribe(options: SubscriberOptions, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const end = () => over.resolve();
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  const following = Array.from({ length: options.count }, (_, index) => follow(options, index, signal));
  await Promise.race([over.promise, Promise.all(following)]);
  signal.removeEventListener("abort", end);
}

async function follow({ clock, exchange, observe }: SubscriberOptions, subscriber: number, signal: AbortSignal) {
  let last: number | undefined;
  let messages = 0;
  let toldAt = -Infinity;
  while (!signal.aborted) {
    const query = new URLSearchParams({ topic: TOPIC, timeout: String(POLL_S) });
    if (last !== undefined) query.set("last_seq", String(last));
    const answer = await exchange({ method: "GET", path: `/pubsub/v1/subscribe?${query}`, headers: [] });
    if (signal.aborted) return;
    const body = answer.status === 200 ? tryParseJson(answer.body) : undefined;
    if (!isObject(body)) {
      // A node that was restarted counts from the start again.
      last = undefined;
      await clock.sleep(RETRY_MS, signal).catch(() => {});
      continue;
    }
    if (typeof body.seq === "number") last = body.seq;
    const payload = PAYLOADS.map((name) => body[name]).find(isObject) ?? body;
    const news = typeof payload.event_id === "string";
    if (news) messages++;
    const at = clock.mono();
    if (!news || at - toldAt >= TOLD_EVERY_MS) {
      observe({ kind: "message", at, subscriber, messages });
      messages = 0;
      toldAt = at;
    }
    // An answer that neither waited nor told anything must not make a busy loop.
    if (!news && body.timeout !== true) await clock.sleep(RETRY_MS, signal).catch(() => {});
  }
}
