/** Delivery and read receipts. CONTRACT §7.2; M10 §4.2. */

import { equals, holds } from "../../../src/check/mod.ts";
import { type EventEnvelope, parseTimestamp, TIMESTAMP_PATTERN } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { EventObserver } from "../../../src/target/observer.ts";
import { given, judged, VIEW_DEADLINE_MS } from "../../core/events/helpers.ts";
import { from, historyWith, marker, messageEvent, receiptEvent, send, type SentMessage } from "./helpers.ts";

const DELIVERED = "chat.message.delivered";
/** How long a node may take to acknowledge a message, in milliseconds (CHT-033). */
const ACKNOWLEDGE_MS = 10_000;

/** The receipts the node wrote for a message. */
async function receiptsFor(
  { target }: CaseContext,
  observer: EventObserver,
  { event_id: eventId }: EventEnvelope,
): Promise<readonly EventEnvelope[]> {
  const events = await observer.events();
  return events.filter(({ author, data }) => author === target.nodeId && data.target_event_id === eventId);
}

/** The node's receipt for a message; one that does not come is a violation. */
async function acknowledged(
  context: CaseContext,
  observer: EventObserver,
  message: EventEnvelope,
): Promise<EventEnvelope> {
  const found = await context.until(
    async () => (await receiptsFor(context, observer, message))[0],
    ACKNOWLEDGE_MS,
    VIEW_DEADLINE_MS / 10,
  );
  const exchange = context.target.lastExchange;
  return context.must.get(
    found === undefined
      ? {
        difference: {
          expected: `a ${DELIVERED} event of the node for ${message.event_id}`,
          observed: "none",
          exchange,
        },
      }
      : { value: found },
  );
}

/** The entry of a message in the history once it has a receipt, or when views have had their time. */
async function entryWith(context: CaseContext, { eventId, lamport }: SentMessage, name: "delivered_at" | "read_at") {
  const look = () => historyWith(context, { event_id: eventId }, from(lamport));
  const unknown = (value: unknown) => value === null || value === undefined;
  const first = await look();
  if (!unknown(first.entry[name])) return first;
  return await context.until(async () => {
    const next = await look();
    return unknown(next.entry[name]) ? undefined : next;
  }, VIEW_DEADLINE_MS) ?? first;
}

/** A receipt of somebody who is not the recipient leaves the entry without one. */
async function receiptIgnored(context: CaseContext, message: SentMessage, kind: "delivered" | "read"): Promise<void> {
  const carol = await context.actors.member("carol");
  // Whether it is rejected or stored without effect is the node's choice.
  await context.target.push([await receiptEvent(context, carol, kind, message.eventId)]);
  await marker(context, carol);
  const { entry, answer } = await historyWith(context, { event_id: message.eventId }, from(message.lamport));
  const value = entry[`${kind}_at`] ?? null;
  judged(context, answer, holds(value === null, `no ${kind}_at from another member's receipt`, value));
}

export const receiptCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/chat/receipt-for-synced-message",
    requirement: "CHT-033",
    brokenBy: ["synced-messages-unacknowledged"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const observer = await target.eventSubscribe([DELIVERED]);
      const message = await messageEvent(context, await context.actors.member("alice"), target.nodeId);
      await given(context, "an incoming message", message);
      const { data: { delivered_at: at } } = await acknowledged(context, observer, message);
      const sound = parseTimestamp(at) !== undefined;
      context.must.hold(sound, `data.delivered_at as in ${TIMESTAMP_PATTERN}`, at, target.lastExchange);
    },
  }),
  defineCase({
    id: "services/chat/receipt-once-per-message",
    requirement: "CHT-034",
    brokenBy: ["receipt-for-every-push"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const observer = await target.eventSubscribe([DELIVERED]);
      const message = await messageEvent(context, await context.actors.member("alice"), target.nodeId);
      for (let i = 0; i < 3; i++) await given(context, "an incoming message", message);
      await acknowledged(context, observer, message);
      const count = (await receiptsFor(context, observer, message)).length;
      must.hold(count === 1, "one receipt of the node", `${count}`, target.lastExchange);
    },
  }),
  defineCase({
    id: "services/chat/receipt-by-recipient-only",
    requirement: "CHT-035",
    brokenBy: ["receipts-by-every-node"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const observer = await target.eventSubscribe([DELIVERED]);
      const foreign = await messageEvent(context, alice, bob.id);
      const own = await messageEvent(context, alice, target.nodeId);
      for (const message of [foreign, own]) await given(context, "a message", message);
      // Once the later message is acknowledged, the node has dealt with the earlier one.
      await acknowledged(context, observer, own);
      const [receipt] = await receiptsFor(context, observer, foreign);
      must.hold(receipt === undefined, "no receipt of the node for others", receipt, target.lastExchange);
    },
  }),
  defineCase({
    id: "services/chat/receipt-sets-delivered-at",
    requirement: "CHT-036",
    brokenBy: ["receipts-not-joined"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const bob = await actors.member("bob");
      const message = await send(context, actors.self(), bob);
      const receipt = await receiptEvent(context, bob, "delivered", message.eventId);
      await given(context, "a receipt", receipt);
      const { entry, answer } = await entryWith(context, message, "delivered_at");
      judged(context, answer, equals(entry.delivered_at, receipt.data.delivered_at, "delivered_at"));
    },
  }),
  defineCase({
    id: "services/chat/delivered-by-others-ignored",
    requirement: "CHT-037",
    brokenBy: ["delivered-by-anyone"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const message = await send(context, actors.self(), await actors.member("bob"));
      await receiptIgnored(context, message, "delivered");
    },
  }),
  defineCase({
    id: "services/chat/read-by-recipient-only",
    requirement: "CHT-038",
    brokenBy: ["read-by-anyone", "read-receipts-ignored"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const bob = await actors.member("bob");
      const message = await send(context, actors.self(), bob);
      await receiptIgnored(context, message, "read");
      const receipt = await receiptEvent(context, bob, "read", message.eventId);
      await given(context, "a receipt", receipt);
      const { entry, answer } = await entryWith(context, message, "read_at");
      judged(context, answer, equals(entry.read_at, receipt.data.read_at, "read_at"));
    },
  }),
];
