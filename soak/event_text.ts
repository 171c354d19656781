/** What the tester writes into events, as a function of run, caller and number: so nothing sent has to be remembered. */

import type { EventEnvelope } from "../src/protocol/mod.ts";

/** Sends and recognises the tester's own texts. */
export interface OwnEvent {
  readonly caller: number;
  readonly sequence: number;
  /** Whether the event still holds what was sent. */
  readonly unchanged: boolean;
}

/** See the module comment. One per run. */
export class EventText {
  readonly #pattern: RegExp;

  /** @param run Letters and digits that no other run against this target has. */
  constructor(private readonly run: string) {
    this.#pattern = new RegExp(`^hp-${run}-(\\d+)-(\\d+)$`);
  }

  clientId(caller: number, sequence: number): string {
    return `hp-${this.run}-${caller}-${sequence}`;
  }

  /** Title of a post and body of a message. */
  words(clientId: string): string {
    return `soak ${clientId}`;
  }

  /** Recognises an event a call of this run caused; undefined for all others. */
  of(event: EventEnvelope): OwnEvent | undefined {
    const { client_id: clientId, title, body, reason } = event.data;
    const match = typeof clientId === "string" ? this.#pattern.exec(clientId) : null;
    if (match === null) return undefined;
    const words = this.words(match[0]);
    const unchanged = event.event_type === "market.post.created"
      ? title === words && body === POST_BODY
      : event.event_type === "market.post.expired"
      ? reason === EXPIRE_REASON
      : event.event_type === "civdef.alert.published"
      ? title === words
      : event.event_type === "chat.message.sent"
      ? body === words
      : true;
    return { caller: Number(match[1]), sequence: Number(match[2]), unchanged };
  }
}

export const POST_BODY = "A post of a soak test; it is expired soon.";
export const EXPIRE_REASON = "fulfilled";
