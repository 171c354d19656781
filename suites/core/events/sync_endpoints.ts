/** The two sync endpoints: heads, counts, batches, reasons. CONTRACT §7.6; X02 §6, §7. */

import {
  describe,
  equals,
  holds,
  isInteger,
  okObject,
  oneOf,
  refusedAsBadBody,
  status,
} from "../../../src/check/mod.ts";
import {
  ADDITIVE_STATUS,
  BASE_EVENT_TYPES,
  BASE_STATUS,
  CONFORMANCE_EVENT_TYPE,
  CONTRACT2_EVENT_TYPES,
  CONTRACT3_EVENT_PREFIXES,
  type EventEnvelope,
  isObject,
  type JsonObject,
  utf8,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import {
  accepts,
  advertisement,
  counted,
  headOf,
  headReaches,
  headStays,
  judged,
  pushed,
  rejects,
  tampered,
} from "./helpers.ts";
import { entryOf, freshTitle, hasMarket, listedUpTo, postEvent } from "./posts.ts";

const HEADS_PATH = "/sync/v1/heads";
const EVENTS_PATH = "/sync/v1/events";
/** Reasons of X02 §7. */
const REASONS: readonly string[] = [
  "invalid_signature",
  "out_of_order",
  "unknown_author",
  "revoked_author",
  "schema_unknown",
  "db_corrupt",
];
/** "Several hundred" of EVT-012, and the time they may take in milliseconds. */
const LARGE_BATCH = 500;
const LARGE_BATCH_DEADLINE_MS = 30_000;

/** The heads document in either shape. */
async function heads({ target, must }: CaseContext): Promise<{
  readonly value: JsonObject;
  readonly answer: HttpAnswer;
  /** The object shape of X02, told apart by its members. */
  readonly object: boolean;
}> {
  const answer = await target.httpGet(HEADS_PATH);
  const value = must.get(okObject(answer));
  return { value, answer, object: "head" in value || "community_id" in value };
}

function knownType(name: string): boolean {
  return BASE_EVENT_TYPES.includes(name) || CONTRACT2_EVENT_TYPES.includes(name) || name === CONFORMANCE_EVENT_TYPE ||
    CONTRACT3_EVENT_PREFIXES.some((prefix) => name.startsWith(prefix));
}

export const syncEndpointCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/events/heads-give-highest-lamport",
    requirement: "EVT-001",
    brokenBy: ["heads-bare-number", "heads-list-of-events"],
    effects: "none",
    async run(context) {
      const { value, answer, object } = await heads(context);
      const { communityId } = context.target;
      if (object) {
        judged(
          context,
          answer,
          holds(typeof value.community_id === "string", "community_id is a string", value.community_id),
          isInteger(value.head, "head", 0),
        );
      } else {
        judged(context, answer, isInteger(value[communityId], `the entry of community ${communityId}`, 0));
      }
    },
  }),
  defineCase({
    id: "core/events/heads-by-type-are-lamport-values",
    requirement: "EVT-002",
    brokenBy: ["heads-count-per-type"],
    effects: "none",
    async run(context) {
      const { value, answer } = await heads(context);
      const byType = value.heads_by_type;
      if (byType === undefined) return context.skip("the heads have no member heads_by_type");
      context.should.hold(isObject(byType), "heads_by_type is an object", byType, answer.exchange);
      const entries = Object.entries(byType as JsonObject);
      const head = value.head ?? value[context.target.communityId] ?? null;
      judged(
        context,
        answer,
        ...entries.flatMap(([type, lamport]) => [
          holds(knownType(type), "names of known event types in heads_by_type", type),
          isInteger(lamport, `heads_by_type of ${type}`, 0),
        ]),
      );
      const highest = entries.reduce((max, [, lamport]) => Math.max(max, Number(lamport)), 0);
      judged(context, answer, equals(highest, head, "the maximum of heads_by_type"));
    },
  }),
  defineCase({
    id: "core/events/heads-only-own-community",
    requirement: "EVT-003",
    brokenBy: ["heads-stale-community"],
    effects: "none",
    async run(context) {
      const { value, answer, object } = await heads(context);
      const { communityId } = context.target;
      if (object) {
        judged(context, answer, equals(value.community_id, communityId, "community_id"));
        return;
      }
      judged(
        context,
        answer,
        holds(Object.hasOwn(value, communityId), `an entry of community ${communityId}`, Object.keys(value)),
      );
      const others = Object.keys(value).filter((key) => key !== communityId);
      if (others.length > 0) context.note(`the heads also name ${others.length} other communities`);
    },
  }),
  defineCase({
    id: "core/events/push-accepts-new-event",
    requirement: "EVT-004",
    brokenBy: ["sync-acknowledges-without-storing"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await advertisement(context, alice);
      const push = await pushed(context, event);
      accepts(context, push, 1, "a new event of a member");
      await headReaches(context, event.lamport);
    },
  }),
  defineCase({
    id: "core/events/push-answer-reports-new-head",
    requirement: "EVT-005",
    brokenBy: ["sync-reports-head-before"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await advertisement(context, alice);
      const push = await pushed(context, event);
      judged(context, push.answer, isInteger(push.head, "new_head_lamport or new_head", event.lamport));
      await headReaches(context, Number(push.head));
    },
  }),
  defineCase({
    id: "core/events/accepted-event-raises-head",
    requirement: "EVT-006",
    brokenBy: ["heads-of-last-snapshot"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const before = await headOf(context);
      const event = await advertisement(context, alice, { lamport: before + 2 });
      await pushed(context, event);
      await headReaches(context, event.lamport);
    },
  }),
  defineCase({
    id: "core/events/empty-push-is-harmless",
    requirement: "EVT-007",
    brokenBy: ["sync-refuses-empty"],
    effects: "none",
    async run(context) {
      await headStays(context, async () => accepts(context, await pushed(context), 0, "an empty list"));
    },
  }),
  defineCase({
    id: "core/events/malformed-push-refused",
    requirement: "EVT-008",
    brokenBy: ["sync-malformed-422", "sync-malformed-500"],
    effects: "none",
    async run(context) {
      const { target } = context;
      const community = JSON.stringify(target.communityId);
      const bodies = [
        `{"community_id":${community},"events":[`,
        "[]",
        `{"community_id":${community}}`,
        `{"community_id":${community},"events":{}}`,
      ];
      for (const body of bodies) context.must(refusedAsBadBody(await target.httpPost(EVENTS_PATH, utf8(body))));
    },
  }),
  defineCase({
    id: "core/events/batch-judged-one-by-one",
    requirement: "EVT-009",
    brokenBy: ["batch-all-or-nothing", "batch-until-first-error"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const market = hasMarket(context);
      const make = (name: string) =>
        market ? postEvent(context, alice, freshTitle(context, name)) : advertisement(context, alice);
      const [first, bad, last] = [await make("First"), await make("Middle"), await make("Last")];
      const push = await pushed(context, first, tampered(bad, { data: { ...bad.data, title: "Altered" } }), last);
      context.must.hold(
        push.accepted === 2 && push.rejected === 1,
        "accepted 2 and rejected 1 for two good events around a tampered one",
        describe(push.answer),
        push.answer.exchange,
      );
      await headReaches(context, last.lamport);
      if (!market) return;
      const { posts, answer } = await listedUpTo(context, alice, first.lamport, last);
      judged(
        context,
        answer,
        holds(entryOf(posts, first) !== undefined, "the first good post is listed", "it is not"),
        holds(entryOf(posts, bad) === undefined, "the tampered post is not listed", entryOf(posts, bad)),
      );
    },
  }),
  defineCase({
    id: "core/events/rejections-name-event-and-reason",
    requirement: "EVT-010",
    brokenBy: ["rejections-only-counted"],
    effects: "none",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await advertisement(context, alice);
      const push = await pushed(context, tampered(event, { data: { ...event.data, sizes_bytes: 1 } }));
      rejects(context, push, "a tampered event");
      const entry = push.reasons.find((reason) => reason.event_id === event.event_id);
      context.should.hold(
        entry?.reason === "invalid_signature",
        `rejected_reasons with event_id ${event.event_id} and reason invalid_signature`,
        describe(push.answer),
        push.answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/events/reasons-from-closed-set",
    requirement: "EVT-011",
    brokenBy: ["reasons-exception-texts"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      const alice = await actors.member("alice");
      const altered = await advertisement(context, alice);
      const foreign = actors.fresh("elsewhere").id;
      const push = await pushed(
        context,
        tampered(altered, { lamport: altered.lamport + 1 }),
        await advertisement(context, actors.stranger()),
        await advertisement(context, alice, { communityId: foreign }),
        await advertisement(context, alice, { eventId: "x" }),
        await target.event(alice, "unknown.thing.happened", {}),
      );
      if (push.reasons.length === 0) return context.inconclusive("the target gives no reasons");
      const allowed = [...REASONS, ...Object.keys(BASE_STATUS), ...Object.keys(ADDITIVE_STATUS)];
      for (const { reason = null } of push.reasons) {
        const known = allowed.includes(String(reason));
        context.should.hold(known, `a reason of ${REASONS.join(", ")} or an error code`, reason, push.answer.exchange);
      }
    },
  }),
  defineCase({
    id: "core/events/large-batch-accepted",
    requirement: "EVT-012",
    brokenBy: ["sync-at-most-hundred-events"],
    effects: "writes",
    timed: true,
    async run(context) {
      const alice = await context.actors.member("alice");
      const events: EventEnvelope[] = [];
      for (let i = 0; i < LARGE_BATCH; i++) events.push(await advertisement(context, alice));
      const answer = await context.target.push(events, { deadlineMs: LARGE_BATCH_DEADLINE_MS });
      context.should(status(answer, 200));
      accepts(context, counted(context, answer), LARGE_BATCH, `a batch of ${LARGE_BATCH} events`);
    },
  }),
  defineCase({
    id: "core/events/unknown-type-breaks-nothing",
    requirement: "EVT-031",
    brokenBy: ["unknown-type-raises"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const first = await advertisement(context, alice);
      const unknown = await context.target.event(alice, "experimental.unknown.thing", { note: "new here" });
      const last = await advertisement(context, alice);
      const push = await pushed(context, first, unknown, last);
      const sum = push.accepted + push.rejected;
      judged(
        context,
        push.answer,
        oneOf(push.accepted, [2, 3], "accepted"),
        holds(sum <= 3 && push.rejected <= 1, "at most the unknown event rejected", describe(push.answer)),
        ...push.reasons.map((entry) => equals(entry.event_id, unknown.event_id, "the rejected event")),
      );
      await headReaches(context, last.lamport);
      accepts(context, await pushed(context, await advertisement(context, alice)), 1, "an event afterwards");
    },
  }),
];
