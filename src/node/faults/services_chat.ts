/** Faults of the reference node: direct messages, their history and their receipts. */

import { compareEvents, isNodeId, isObject, parseTimestamp, timestamp, tryParseJson } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import { eventsRules } from "../rules/events.ts";
import { servicesRules } from "../rules/services.ts";
import { forgets, outputOf, pages } from "./services_market.ts";

const SENT = "chat.message.sent";
/** More than any history has. */
const EVERYTHING = 1_000_000;
/** Time between the look for an earlier message and the append of a new one. */
const GAP_MS = 5;

/** Another id than the one given, in the form of a ULID. */
const otherId = (id: string) => id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");

export const servicesChatFaults = faults({
  "send-answers-ok": {
    breaks: [
      "CHT-001",
      "CHT-002",
      "CHT-003",
      "CHT-004",
      "CHT-005",
      "CHT-006",
      "CHT-007",
      "CHT-008",
      "CHT-009",
      "CHT-010",
      "CHT-017",
      "CHT-018",
      "CHT-024",
      "CHT-025",
      "CHT-026",
      "CHT-027",
      "CHT-028",
      "CHT-036",
      "CHT-037",
      "CHT-038",
      "CHT-039",
      "CHT-040",
      "CHT-041",
      "CHT-042",
      "CHT-043",
      "CHT-044",
    ],
    outbound: outputOf("chat.send", () => ({ ok: true })),
  },
  "send-delivered-as-boolean": {
    breaks: ["CHT-002", "CHT-003", "CHT-004"],
    rules: { delivery: () => true },
  },
  "send-always-direct": {
    breaks: ["CHT-003"],
    rules: { delivery: () => "direct" },
  },
  "send-always-queued": {
    breaks: ["CHT-004"],
    rules: { delivery: () => "queued" },
  },
  "send-invents-event-id": {
    breaks: [
      "CHT-005",
      "CHT-006",
      "CHT-017",
      "CHT-018",
      "CHT-024",
      "CHT-025",
      "CHT-026",
      "CHT-027",
      "CHT-036",
      "CHT-037",
      "CHT-038",
      "CHT-040",
      "CHT-041",
      "CHT-042",
      "CHT-044",
    ],
    outbound: outputOf("chat.send", (output) => ({ ...output, event_id: otherId(String(output.event_id)) })),
  },
  "message-changed-after-signing": {
    breaks: ["CHT-006", "CHT-018", "CHT-040", "CHT-042"],
    log: (event) =>
      event.event_type === SENT && event.data.on_behalf_of !== undefined
        ? { ...event, wall_clock: timestamp((parseTimestamp(event.wall_clock) ?? 0) + 1000) }
        : event,
  },
  "message-lamport-starts-over": {
    breaks: ["CHT-005", "CHT-007", "CHT-040", "CHT-042"],
    rules: {
      eventAnswer: (event) => ({ ...eventsRules.eventAnswer(event), ...event.event_type === SENT && { lamport: 1 } }),
    },
  },
  "send-repeats-are-new": {
    breaks: ["CHT-008", "CHT-009", "CHT-011"],
    rules: forgets("chat.send"),
  },
  "send-edited-retry-is-new": {
    breaks: ["CHT-009"],
    rules: {
      onRepeat: (append, { event_type, data }, input) => {
        if (event_type === SENT && data.body !== input.body) append(SENT, servicesRules.chatData(input));
      },
    },
  },
  "send-deduplicates-by-body": {
    breaks: ["CHT-005", "CHT-007", "CHT-008", "CHT-009", "CHT-010", "CHT-011", "CHT-025", "CHT-027", "CHT-038"],
    rules: {
      requestKey: (capability, input) =>
        capability === "chat.send" ? JSON.stringify(input.body) : servicesRules.requestKey(capability, input),
      chatData: (input) => ({ ...servicesRules.chatData(input), client_id: JSON.stringify(input.body) }),
    },
  },
  "send-looks-before-it-appends": {
    breaks: ["CHT-011", "BUS-041"],
    rules: { beforeAppend: (clock) => clock.sleep(GAP_MS) },
  },
  "send-makes-up-client-id": {
    breaks: ["CHT-012"],
    rules: { chatRequired: ["recipient"] },
  },
  "send-to-any-text": {
    breaks: ["CHT-013"],
    rules: {
      chatRefusal: (message) =>
        servicesRules.chatRefusal({
          ...message,
          recipientIsMember: message.recipientIsMember || !isNodeId(message.recipient),
        }),
    },
  },
  "send-to-nobody": {
    breaks: ["CHT-014"],
    rules: {
      chatRefusal: (message) =>
        servicesRules.chatRefusal({
          ...message,
          recipientIsMember: message.recipientIsMember || isNodeId(message.recipient),
        }),
    },
  },
  "send-to-itself": {
    breaks: ["CHT-015"],
    rules: { chatRefusal: (message) => servicesRules.chatRefusal({ ...message, self: "" }) },
  },
  "send-of-nothing": {
    breaks: ["CHT-016"],
    rules: { chatRefusal: (message) => servicesRules.chatRefusal({ ...message, body: " " }) },
  },
  "send-needs-held-attachments": {
    breaks: ["CHT-005", "CHT-017"],
    rules: { attachmentsMustBeHeld: true },
  },
  "send-escapes-markup": {
    breaks: ["CHT-018"],
    rules: {
      chatData: ({ body, ...rest }) =>
        servicesRules.chatData({
          ...rest,
          body: typeof body === "string" ? body.replaceAll("<", "&lt;").replaceAll(">", "&gt;") : body ?? "",
        }),
    },
  },
  "send-normalises-unicode": {
    breaks: ["CHT-018"],
    rules: {
      chatData: ({ body, ...rest }) =>
        servicesRules.chatData({ ...rest, body: typeof body === "string" ? body.normalize("NFC") : body ?? "" }),
    },
  },
  "send-reformats-json": {
    breaks: ["CHT-018"],
    rules: {
      chatData: ({ body, ...rest }) => {
        const value = typeof body === "string" ? tryParseJson(body) : undefined;
        return servicesRules.chatData({ ...rest, body: value === undefined ? body ?? "" : JSON.stringify(value) });
      },
    },
  },
  "send-open-to-strangers": {
    breaks: ["CHT-019"],
    rules: { chatTrust: "unknown" },
  },
  "history-for-members": {
    breaks: ["CHT-022", "CHT-023"],
    rules: { historyTrust: "member", historyReadable: () => true },
  },
  "history-for-either-party": {
    breaks: ["CHT-023"],
    rules: { historyTrust: "member", historyReadable: ({ self, caller, peer }) => self || peer === caller },
  },
  "history-names-sender-and-recipient": {
    breaks: ["CHT-024", "CHT-025", "CHT-031"],
    rules: {
      historyEntry: ({ from, to, ...rest }) => ({ ...rest, sender: from ?? null, recipient: to ?? null }),
    },
  },
  "history-peer-ignored": {
    breaks: ["CHT-025"],
    rules: { historyWithPeer: () => true },
  },
  "history-peer-as-recipient-only": {
    breaks: ["CHT-025"],
    rules: { historyWithPeer: ({ to }, peer) => peer === undefined || to === peer },
  },
  "history-needs-a-peer": {
    breaks: [
      "CHT-024",
      "CHT-025",
      "CHT-026",
      "CHT-027",
      "CHT-029",
      "CHT-030",
      "CHT-031",
      "CHT-032",
      "CHT-036",
      "CHT-037",
      "CHT-038",
    ],
    rules: { historyWithPeer: (message, peer) => peer !== undefined && servicesRules.historyWithPeer(message, peer) },
  },
  "history-ignores-since": {
    breaks: ["CHT-027"],
    rules: { historyNewerThan: () => true },
  },
  "history-ignores-limit": {
    breaks: ["CHT-028"],
    rules: pages("chat.history", () => EVERYTHING),
  },
  "history-in-order-of-clocks": {
    breaks: ["CHT-029", "CHT-032"],
    rules: {
      historyOrder: (a, b) =>
        a.created_at === b.created_at ? compareEvents(a, b) : a.created_at < b.created_at ? -1 : 1,
    },
  },
  "history-of-everyone": {
    breaks: ["CHT-025", "CHT-030"],
    rules: { historyIncludes: () => true },
  },
  "history-without-synced-messages": {
    breaks: ["CHT-025", "CHT-029", "CHT-030", "CHT-031", "CHT-032", "CHT-037", "CHT-038"],
    rules: { historyIncludes: ({ from }, self) => from === self },
  },
  "messages-lost-at-restart": {
    breaks: ["CHT-032"],
    rules: { restoresEvent: (event) => event.event_type !== SENT },
  },
  "history-row-per-arrival": {
    breaks: ["CHT-032"],
    rules: { onDuplicate: "apply-again", historyCopies: (applied) => applied },
  },
  "synced-messages-unacknowledged": {
    breaks: ["CHT-033", "CHT-034", "CHT-035"],
    rules: { acknowledges: () => false },
  },
  "receipt-for-every-push": {
    breaks: ["CHT-034"],
    rules: { acknowledges: (recipient, self) => recipient === self, announcesDuplicates: true },
  },
  "receipts-by-every-node": {
    breaks: ["CHT-035"],
    rules: { acknowledges: (_recipient, _self, before) => before === 0 },
  },
  "receipts-not-joined": {
    breaks: ["CHT-036", "CHT-038"],
    rules: {
      receiptCounts: (kind, author, recipient) =>
        kind === "read" && servicesRules.receiptCounts(kind, author, recipient),
    },
  },
  "delivered-by-anyone": {
    breaks: ["CHT-037", "CHT-038"],
    rules: {
      receiptCounts: (kind, author, recipient) =>
        kind === "delivered" || servicesRules.receiptCounts(kind, author, recipient),
    },
  },
  "read-by-anyone": {
    breaks: ["CHT-038"],
    rules: {
      receiptCounts: (kind, author, recipient) =>
        kind === "read" || servicesRules.receiptCounts(kind, author, recipient),
    },
  },
  "read-receipts-ignored": {
    breaks: ["CHT-038"],
    rules: {
      receiptCounts: (kind, author, recipient) =>
        kind === "delivered" && servicesRules.receiptCounts(kind, author, recipient),
    },
  },
  "messages-not-published": {
    breaks: ["CHT-039", "CHT-040"],
    rules: { topicsOf: (event) => event.event_type === SENT ? [] : eventsRules.topicsOf(event) },
  },
  "message-topic-carries-body": {
    breaks: ["CHT-040"],
    rules: {
      topicsOf: (event) =>
        eventsRules.topicsOf(event).map(({ topic, payload }) => ({
          topic,
          payload: event.event_type === SENT ? { body: event.data.body ?? "" } : payload,
        })),
    },
  },
  "encrypted-body-as-text": {
    breaks: ["CHT-041"],
    rules: {
      chatData: ({ body, ...rest }) =>
        servicesRules.chatData({ ...rest, body: isObject(body) ? JSON.stringify(body) : body ?? "" }),
    },
  },
  "encrypted-body-hides-recipient": {
    breaks: ["CHT-041", "CHT-042"],
    rules: {
      chatData: (input) =>
        isObject(input.body)
          ? { client_id: input.client_id ?? null, body: { e2e: true, ciphertext: input.body.ciphertext ?? "" } }
          : servicesRules.chatData(input),
    },
  },
  "forward-to-anyone": {
    breaks: ["CHT-043"],
    rules: { forwardsTo: () => true },
  },
  "forward-keeps-fetched": {
    breaks: ["CHT-044"],
    rules: { forwardsOnce: false },
  },
});
