/** Form of envelope members, and events that come twice. CONTRACT §1.1, §7.1; X02 §5.2. */

import { describe, equals, holds, noServerError, status, succeeded } from "../../../src/check/mod.ts";
import type { EventEnvelope, Json, JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import {
  accepts,
  advertisement,
  counted,
  FAR_AHEAD,
  given,
  headOf,
  headReaches,
  headStays,
  judged,
  oddEvent,
  OUT_OF_REACH,
  pushed,
} from "./helpers.ts";
import {
  entryOf,
  expiryEvent,
  freshTitle,
  hasMarket,
  listedUpTo,
  listedWhen,
  makePost,
  postData,
  postEvent,
} from "./posts.ts";

/** Beyond 53 bits, and yet a double, so that every reader sees the same number and the signature fits. */
const BEYOND_53_BITS = 9_007_199_254_740_994;
/** How often EVT-037 posts the same event. */
const REPEATS = 3;

/** Each change, signed over what is sent, is rejected; the request itself may be refused with 400 as well. */
async function refusesEach(
  context: CaseContext,
  author: Actor,
  member: string,
  values: readonly Json[],
): Promise<void> {
  for (const value of values) {
    const event = await advertisement(context, author);
    const answer = await context.target.push([oddEvent(author, event, { [member]: value })]);
    context.must(noServerError(answer));
    if (answer.status === 400) continue;
    const push = counted(context, answer);
    context.must.hold(
      push.accepted === 0 && push.rejected === 1,
      `an event with ${member} ${JSON.stringify(value)} counted as rejected`,
      describe(answer),
      answer.exchange,
    );
  }
}

/** Entries of an event as market.list shows them; none without a market. */
async function entries(context: CaseContext, reader: Actor, event: EventEnvelope): Promise<readonly JsonObject[]> {
  if (!hasMarket(context)) return [];
  const { posts } = await listedUpTo(context, reader, event.lamport, event);
  return posts.filter((post) => post.title === event.data.title);
}

export const envelopeFormCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/events/lamport-is-non-negative-integer",
    requirement: "EVT-033",
    brokenBy: ["event-lamport-any-number"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const before = await headOf(context);
      const far = before + OUT_OF_REACH;
      await refusesEach(context, alice, "lamport", [-1, 1.5, String(far), null]);
      const after = await headOf(context);
      context.must.hold(after < far, `a head below ${far}`, after, context.target.lastExchange);
    },
  }),
  defineCase({
    id: "core/events/lamport-within-53-bits",
    requirement: "EVT-034",
    brokenBy: ["event-lamport-beyond-53-bits"],
    effects: "harm",
    async run(context) {
      const alice = await context.actors.member("alice");
      await refusesEach(context, alice, "lamport", [BEYOND_53_BITS]);
      if (context.target.advertised("market.post") === undefined) return;
      const made = await makePost(context, alice);
      context.should(succeeded(made.answer));
      context.should.hold(
        Number.isSafeInteger(made.lamport + FAR_AHEAD),
        "a next local lamport with room for successors",
        made.lamport,
        made.answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/events/event-id-is-ulid",
    requirement: "EVT-035",
    brokenBy: ["event-id-any-string"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const word = context.random.bytes(16);
      const hex = Array.from(word, (byte) => byte.toString(16).padStart(2, "0")).join("");
      const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
      await refusesEach(context, alice, "event_id", ["x", "", uuid]);
    },
  }),
  defineCase({
    id: "core/events/data-is-object",
    requirement: "EVT-036",
    brokenBy: ["event-data-any-value"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      await refusesEach(context, alice, "data", ["text", ["cid"], null]);
    },
  }),
  defineCase({
    id: "core/events/repeated-push-is-no-op",
    requirement: "EVT-037",
    brokenBy: ["duplicate-raises-conflict"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const alice = await context.actors.member("alice");
      const event = await postEvent(context, alice, freshTitle(context, "Repeated"));
      accepts(context, await pushed(context, event), 1, "the first push of an event");
      const shown = await entries(context, alice, event);
      await headStays(context, async () => {
        for (let i = 1; i < REPEATS; i++) context.must(status(await target.push([event]), 200));
      });
      const again = await entries(context, alice, event);
      context.must(equals([...again], [...shown], "the listing of the post after its repetition"));
    },
  }),
  defineCase({
    id: "core/events/twice-in-one-batch-once-in-effect",
    requirement: "EVT-038",
    brokenBy: ["duplicate-raises-conflict"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await postEvent(context, alice, freshTitle(context, "Doubled"));
      const other = await advertisement(context, alice);
      const push = await pushed(context, event, event, other);
      context.must.hold(
        push.accepted === 2 || push.accepted === 3,
        "the two different events accepted, the repetition in either count",
        describe(push.answer),
        push.answer.exchange,
      );
      await headReaches(context, other.lamport);
      if (!hasMarket(context)) return;
      const { length } = await entries(context, alice, event);
      context.must.hold(length === 1, "the post listed once", `${length} times`, context.target.lastExchange);
    },
  }),
  defineCase({
    id: "core/events/first-event-under-id-stays",
    requirement: "EVT-039",
    brokenBy: ["duplicate-replaces-first"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const alice = await context.actors.member("alice");
      const [first, second] = [freshTitle(context, "Stays"), freshTitle(context, "Replaces")];
      const event = await postEvent(context, alice, first);
      await given(context, "a post", event);
      const data = postData(context, second);
      const { event_id: eventId, lamport } = event;
      context.must(
        status(await target.push([await target.event(alice, "market.post.created", data, { eventId, lamport })]), 200),
      );
      const { posts, answer } = await listedWhen(context, alice, lamport, (list) => entryOf(list, event) !== undefined);
      const titles = posts.filter((post) => post.event_id === eventId).map((post) => post.title);
      judged(
        context,
        answer,
        holds(titles.length === 1 && titles[0] === first, `one post ${eventId} titled ${first}`, titles),
        holds(!posts.some((post) => post.title === second), `no post titled ${second}`, "it is listed"),
      );
      // Tidies up on a live board.
      await target.push([await expiryEvent(context, alice, eventId, "withdrawn")]);
    },
  }),
];
