/** Long-lived subscriptions keep telling: a topic that has news does not go silent (wire-format.md section 13). */

import type { Json } from "../../src/protocol/mod.ts";
import { type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

/** A message comes within this many milliseconds of the post that caused it, or the subscription has gone silent. */
export const SILENT_AFTER_MS = 15_000;
/** Posts whose message is awaited. */
const MAX_AWAITED = 2000;
/** The call whose success is news on the topic. */
const CAUSE = "market.post";

interface State {
  readonly awaited: readonly (readonly [eventId: string, at: number])[];
  readonly heard: readonly (readonly [subscriber: number, at: number])[];
  readonly messages: number;
  readonly told: readonly number[];
  readonly offences: Json;
}

/** See the module comment. One silent subscriber is one offence, however long it is silent. */
export class SubscriptionMonitor implements Monitor {
  readonly name = "subscriptions";
  /** Acknowledged posts, oldest first, and when. */
  readonly #awaited = new Map<string, number>();
  readonly #heard = new Map<number, number>();
  readonly #told = new Set<number>();
  readonly #offences: Offences;
  #messages = 0;

  /** @param interrupted Whether a stretch of run milliseconds touches a declared gap. */
  constructor(startedAt: number, private readonly interrupted: (from: number, to: number) => boolean) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    if (observation.kind === "call") {
      const { capability, written, ended } = observation;
      if (capability === CAUSE && written !== undefined && this.#heard.size > 0 && this.#awaited.size < MAX_AWAITED) {
        this.#awaited.set(written.eventId, ended);
      }
    } else if (observation.kind === "message") {
      const { messages } = observation;
      this.#messages += messages;
      if (messages > 0 || !this.#heard.has(observation.subscriber)) {
        this.#heard.set(observation.subscriber, observation.at);
        this.#told.delete(observation.subscriber);
      }
      this.#look(observation.at);
    }
  }

  state(): Json {
    const state: State = {
      awaited: [...this.#awaited],
      heard: [...this.#heard],
      messages: this.#messages,
      told: [...this.#told],
      offences: this.#offences.state(),
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const { awaited, heard, messages, told, offences } = stored as unknown as State;
    for (const [eventId, at] of awaited) this.#awaited.set(eventId, at);
    for (const [subscriber, at] of heard) this.#heard.set(subscriber, at);
    for (const subscriber of told) this.#told.add(subscriber);
    this.#messages = messages;
    this.#offences.restore(offences);
  }

  verdict(): MonitorVerdict {
    const text = `${this.#heard.size} long-lived subscriptions, ${this.#messages} messages, none went silent`;
    return this.#offences.verdict(this.name, this.#messages, text);
  }

  /** A post that is old enough and newer than the last message was not told. */
  #look(now: number): void {
    for (const [eventId, at] of this.#awaited) {
      if (now - at <= SILENT_AFTER_MS) break;
      this.#awaited.delete(eventId);
      for (const [subscriber, heard] of this.#heard) {
        if (heard >= at || this.#told.has(subscriber) || this.interrupted(at, now)) continue;
        this.#told.add(subscriber);
        const silent = Math.round((now - heard) / 1000);
        this.#offences.add(now, `silent: subscription ${subscriber} told nothing for ${silent} s while there was news`);
      }
    }
  }
}
