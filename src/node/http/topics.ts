/** Topics in the node's memory: the last messages of each, and whoever waits for the next (wire-format.md section 13). */

import type { Clock, Json } from "../../protocol/mod.ts";
import type { TopicMessage, Topics } from "../core.ts";
import type { TransportRules } from "../rules/transport.ts";

interface Waiter {
  readonly topic: string;
  /** A message for this waiter alone. */
  handed?: TopicMessage;
  wake(): void;
}

interface Topic {
  seq: number;
  readonly kept: TopicMessage[];
}

type TopicRules = Pick<TransportRules, "keptMessages" | "pollWakes" | "pollAfter" | "topicMatches" | "deliverToAll">;

/** See the module comment. */
export class MemoryTopics implements Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #waiters = new Set<Waiter>();
  constructor(private readonly rules: TopicRules, private readonly clock: Clock) {}

  publish(topic: string, payload: Json): void {
    const waiting = [...this.#waiters].filter((waiter) => this.rules.topicMatches(waiter.topic, topic));
    const [first] = waiting;
    if (!this.rules.deliverToAll && first !== undefined) {
      first.handed = { topic: first.topic, seq: ++this.#topic(first.topic).seq, payload };
      first.wake();
      return;
    }
    for (const name of this.#receivers(topic)) this.#store(name, payload);
    if (this.rules.pollWakes) { for (const waiter of waiting) waiter.wake(); }
  }

  seq(topic: string): number {
    return this.#topics.get(topic)?.seq ?? 0;
  }

  subscribers(topic: string): number {
    let count = 0;
    for (const waiter of this.#waiters) if (this.rules.topicMatches(waiter.topic, topic)) count++;
    return count;
  }

  async next(
    topic: string,
    lastSeq: number | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<TopicMessage | undefined> {
    const after = this.rules.pollAfter(lastSeq, this.seq(topic));
    const at = this.#after(topic, after);
    if (at !== undefined || timeoutMs <= 0 || signal.aborted) return at;
    const done = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { topic, wake: resolve };
    this.#waiters.add(waiter);
    const stop = () => resolve();
    signal.addEventListener("abort", stop, { once: true });
    this.clock.sleep(timeoutMs, done.signal).then(stop, stop);
    await promise;
    signal.removeEventListener("abort", stop);
    this.#waiters.delete(waiter);
    done.abort();
    return signal.aborted ? undefined : waiter.handed ?? this.#after(topic, after);
  }

  /** The topic itself, and those of subscribers that are to see it as well. */
  #receivers(published: string): Set<string> {
    const names = new Set([published]);
    for (const { topic } of this.#waiters) if (this.rules.topicMatches(topic, published)) names.add(topic);
    if (!this.rules.topicMatches(published, published)) names.delete(published);
    return names;
  }

  #store(name: string, payload: Json): void {
    const topic = this.#topic(name);
    topic.kept.push({ topic: name, seq: ++topic.seq, payload });
    if (topic.kept.length > this.rules.keptMessages) topic.kept.shift();
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { seq: 0, kept: [] };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #after(topic: string, seq: number): TopicMessage | undefined {
    return this.#topics.get(topic)?.kept.find((message) => message.seq > seq);
  }
}
