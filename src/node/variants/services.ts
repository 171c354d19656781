/** Sound variants of the reference node: services. */

import { isNodeId, type JsonObject, shortId } from "../../protocol/mod.ts";
import { type OutboundAnswer, variants } from "../fault.ts";
import { eventsRules } from "../rules/events.ts";
import { unitLength } from "../rules/kb.ts";
import { servicesRules } from "../rules/services.ts";

const CHAT_TOPIC = "chat.message.";
/** Decimal places of a backend that counts in 16-bit numbers. */
const PLACES = 5;

/** The other of the two codes for bodies that do not fit (CONTRACT §5.5; conflict "Structural errors"). */
const OTHER_CODE: Readonly<Record<string, string>> = { bad_request: "schema_mismatch", schema_mismatch: "bad_request" };

function otherCodes(answer: OutboundAnswer): OutboundAnswer {
  const { capability = "", body } = answer;
  if (!/^(chat\.send|market\.(post|search)|embed\.text)$/.test(capability) || answer.status !== 400) {
    return answer;
  }
  if (typeof body !== "object" || body instanceof Uint8Array) return answer;
  const error = OTHER_CODE[String(body.error)];
  const { schema_hash_expected: _, ...rest } = body;
  return error === undefined ? answer : { ...answer, body: { ...rest, error } };
}

/** Leaves out members that say nothing. */
const withoutEmpty = (entry: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(entry).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );

export const servicesVariants = variants({
  "services-serving-node-owns": {
    reading:
      "author of what a remote caller posts or sends is the serving node alone (services-market, services-chat conflicts " +
      "on the author); since_lamport includes its boundary (README ambiguity 7); lists newest first, a limit above the " +
      "maximum is cut (MKT-023), and several tags match if any does (wire-format-services.md section 8)",
    rules: {
      eventOwner: (event, localNode, level) =>
        /^(market|chat)\./.test(event.event_type) ? event.author : eventsRules.eventOwner(event, localNode, level),
      newerThan: (lamport, since) => lamport >= since,
      historyNewerThan: (lamport, since) => lamport >= since,
      listOrder: (a, b) => b.lamport - a.lamport,
      pageSize: (listing, asked) => servicesRules.pageSize(listing, asked) ?? servicesRules.pageSize(listing, 500),
      tagsMatch: (tags, wanted) => wanted.some((tag) => tags.includes(tag)),
      listedPost: (post) => ({ location: null, ...post }),
      listMaxLamport: (_highest, posts) => posts.reduce((most, { lamport }) => Math.max(most, Number(lamport)), 0),
    },
  },
  "services-module-readings": {
    reading:
      "chat topics have the short id (M10 §3.2); a node that keeps messages for others says forwarded (CHT-003); " +
      "recipients that are no NodeIDs are bad_request (CHT-013); receipts that are not known are absent; moderators " +
      "get bad_request for user_request (MKT-032); search needs embeddings (M06 §6); structural errors have the other code",
    rules: {
      topicsOf: (event) =>
        eventsRules.topicsOf(event).map(({ topic, payload }) => {
          const recipient = topic.slice(CHAT_TOPIC.length);
          return {
            topic: topic.startsWith(CHAT_TOPIC) && isNodeId(recipient) ? CHAT_TOPIC + shortId(recipient) : topic,
            payload,
          };
        }),
      delivery: (reached) => servicesRules.delivery(reached) === "queued" ? "forwarded" : "direct",
      chatRefusal: (message) => isNodeId(message.recipient) ? servicesRules.chatRefusal(message) : "bad_request",
      historyEntry: ({ attachments = [], ...entry }) => ({ ...withoutEmpty(entry), attachments }),
      listedPost: withoutEmpty,
      expireRefusalCode: ({ level }) => level === "trusted" || level === "anchor" ? "bad_request" : "unauthorized",
      searchWithoutEmbedding: "partition",
      embedNormalize: (vector) => unitLength(vector).map((x) => Number(x.toFixed(PLACES))),
      embedOutput: (output) => ({ ...output, unit: true }),
    },
    outbound: otherCodes,
  },
});
