/** Topics of the market. CONTRACT §8. */

import { equals, holds, of } from "../../../src/check/mod.ts";
import { verifyEvent } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { makePost } from "../../core/events/posts.ts";
import { endOf, messageAfter } from "../topics.ts";
import { mustExpire, syncedPost } from "./helpers.ts";

export const CREATED_TOPIC = "marketplace.post.created";
const EXPIRED_TOPIC = "marketplace.post.expired";
/** How long a message may take, in seconds. */
const POLL_SECONDS = 2;

/** A topic carried the event of an id, complete and signed. */
async function carried(
  context: CaseContext,
  topic: string,
  after: number,
  eventId: string,
  type: string,
): Promise<void> {
  const { must, target } = context;
  // On a node of our own nobody else publishes: what comes is judged, whatever it says.
  const fresh = target.profile.features.has("fresh");
  const message = await messageAfter(
    context,
    topic,
    after,
    POLL_SECONDS,
    ({ event_id }) => fresh || event_id === eventId,
  );
  if (message === undefined) return must.hold(false, `a message on ${topic}`, "none", target.lastExchange);
  const { payload, answer } = message;
  must.all(
    of(answer, equals(payload.event_id, eventId, `event_id on ${topic}`)),
    of(answer, equals(payload.event_type, type, `event_type on ${topic}`)),
    of(answer, holds(verifyEvent(payload), "an event envelope with a valid signature", payload)),
  );
}

export const topicCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/market/topics-carry-envelopes",
    requirement: "MKT-051",
    brokenBy: ["market-topics-named-after-types"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const post = await syncedPost(context, alice);
      const created = await endOf(context, CREATED_TOPIC);
      const expired = await endOf(context, EXPIRED_TOPIC);
      const made = await makePost(context, alice);
      await carried(context, CREATED_TOPIC, created, made.eventId, "market.post.created");
      const ended = await mustExpire(context, alice, post, "fulfilled");
      await carried(context, EXPIRED_TOPIC, expired, String(ended.event_id), "market.post.expired");
    },
  }),
];
