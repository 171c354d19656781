/** The node's own conversations as the log tells them. CONTRACT §4.16, §7.2; wire-format-services.md section 4. */

import { type Json, parseTimestamp, timestamp } from "../../protocol/mod.ts";
import type { Rules } from "../rules.ts";
import { type Authority, effective } from "./authority.ts";
import { KeyedView } from "./keyed_view.ts";
import type { LoggedEvent } from "./logged_event.ts";

/** A direct message with its receipts. */
export interface Message {
  readonly event_id: string;
  readonly lamport: number;
  readonly from: string;
  readonly to: string;
  readonly body: Json;
  readonly attachments: Json;
  readonly created_at: string;
  readonly delivered_at: string | null;
  readonly read_at: string | null;
  /** How often the message was applied; the sound node applies it once. */
  readonly copies: number;
}

const SENT = "chat.message.sent";
const RECEIPTS = { "chat.message.delivered": "delivered", "chat.message.read": "read" } as const;

export class ChatView {
  readonly #messages: KeyedView<Message>;
  /** Messages to other members that no receipt has confirmed; what `chat.forward.fetch` hands out. */
  readonly #queued = new Map<string, string>();
  /** Receipts the node itself wrote, by message. */
  readonly #acknowledged = new Map<string, number>();

  constructor(private readonly rules: Rules, private readonly authority: Authority, private readonly self: string) {
    this.#messages = new KeyedView({
      keyOf: (logged) => this.#keyOf(logged),
      fold: (events, key) => this.#fold(events, key),
      order: rules.viewOrder,
      acceptsLate: rules.viewsAcceptLate,
    });
  }

  add(logged: LoggedEvent): void {
    const { event } = logged;
    if (!event.event_type.startsWith("chat.message.")) return;
    const { recipient, target_event_id: target } = event.data;
    if (event.event_type === SENT) {
      if (typeof recipient === "string" && recipient !== this.self) this.#queued.set(event.event_id, recipient);
    } else if (event.event_type === "chat.message.delivered" && typeof target === "string") {
      if (event.author === this.self) this.#acknowledged.set(target, this.acknowledgements(target) + 1);
      if (this.#queued.get(target) === this.authority.owner(logged)) this.#queued.delete(target);
    }
    this.#messages.add(logged);
  }

  invalidate(): void {
    this.#messages.invalidate();
  }

  /** Messages of the node's own conversations, in no particular order. */
  messages(): Message[] {
    return [...this.#messages.values()].filter((message) => this.rules.historyIncludes(message, this.self));
  }

  /** How many receipts the node wrote for a message. */
  acknowledgements(eventId: string): number {
    return this.#acknowledged.get(eventId) ?? 0;
  }

  /** Ids of undelivered messages the rules hand to a caller, in order of arrival. */
  queuedFor(caller: string): string[] {
    return [...this.#queued].filter(([, recipient]) => this.rules.forwardsTo(recipient, caller)).map(([id]) => id);
  }

  /** Takes a message out of the queue: its recipient fetched it. */
  fetched(eventId: string): void {
    this.#queued.delete(eventId);
  }

  #keyOf(logged: LoggedEvent): string | undefined {
    const { event } = logged;
    const { recipient, target_event_id: target } = event.data;
    if (event.event_type !== SENT) return typeof target === "string" ? target : undefined;
    if (typeof recipient !== "string") return undefined;
    const senders = [event.author, String(event.data["on_behalf_of"])];
    const ours = senders.some((from) => this.rules.historyIncludes({ from, to: recipient }, this.self));
    return ours ? event.event_id : undefined;
  }

  #fold(events: readonly LoggedEvent[], key: string): Message | undefined {
    const copies = events.filter(({ event }) => event.event_type === SENT && event.event_id === key);
    const [sent] = copies;
    if (sent === undefined || !effective(this.authority, sent)) return undefined;
    const { event } = sent;
    const to = String(event.data["recipient"]);
    const at: { delivered: string | null; read: string | null } = { delivered: null, read: null };
    for (const logged of events) {
      const type = logged.event.event_type;
      if (type !== "chat.message.delivered" && type !== "chat.message.read") continue;
      const kind = RECEIPTS[type];
      const value = logged.event.data[`${kind}_at`];
      if (at[kind] !== null || typeof value !== "string" || !effective(this.authority, logged)) continue;
      if (this.rules.receiptCounts(kind, this.authority.owner(logged), to)) at[kind] = value;
    }
    return {
      event_id: key,
      lamport: event.lamport,
      from: this.authority.owner(sent),
      to,
      body: event.data["body"] ?? "",
      attachments: event.data["attachments"] ?? [],
      created_at: timestamp(parseTimestamp(event.wall_clock) ?? 0),
      delivered_at: at.delivered,
      read_at: at.read,
      copies: copies.length,
    };
  }
}
