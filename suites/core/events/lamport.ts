/** Lamport time of the node's own events, and of late arrivals. CONTRACT §7.3; X02 §3.2, §5.2. */

import { describe, holds } from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { accepts, advertisement, FAR_AHEAD, given, headOf, judged, pushed, rejects, tampered } from "./helpers.ts";
import { type MadePost, makePost, postInput } from "./posts.ts";

/** Parallel calls of EVT-041, and the members they are spread over where there are as many. */
const PARALLEL_CALLS = 10;
const POSTERS = 5;
/** How often EVT-045 repeats an event. */
const REPEATS = 10;
/** Lamport value of the event that comes late by far. */
const LOW_LAMPORT = 1;
/** Distance that nobody's own events cover during a case. */
const HUGE_STEP = 1_000_000;
/** How far below the head EVT-047 posts. */
const LATE_BY = 5;

/** A local event, with the head just before it so that traffic of others can be told apart. */
async function localAfter(context: CaseContext, actor: Actor): Promise<MadePost & { readonly headBefore: number }> {
  const headBefore = await headOf(context);
  return { ...await makePost(context, actor), headBefore };
}

/** The lamport of a local event is above a value. */
function above(context: CaseContext, made: MadePost, lamport: number, what: string): void {
  judged(context, made.answer, holds(made.lamport > lamport, `output.lamport above ${what} ${lamport}`, made.lamport));
}

export const lamportCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/events/local-lamport-increases",
    requirement: "EVT-040",
    brokenBy: ["lamport-from-wall-clock"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      let before = await headOf(context);
      for (let i = 0; i < 3; i++) {
        const made = await makePost(context, alice);
        above(context, made, before, "everything before");
        before = made.lamport;
      }
    },
  }),
  defineCase({
    id: "core/events/parallel-local-events-differ",
    requirement: "EVT-041",
    brokenBy: ["lamport-from-wall-clock"],
    effects: "writes",
    async run(context) {
      const posters: Actor[] = [];
      for (let i = 0; i < Math.min(POSTERS, context.target.profile.identities.member); i++) {
        posters.push(await context.actors.member(`poster-${i}`));
      }
      const calls = Array.from({ length: PARALLEL_CALLS }, (_, i) => ({
        poster: posters[i % posters.length] as Actor,
        input: postInput(context),
      }));
      const made = await Promise.all(calls.map(({ poster, input }) => makePost(context, poster, input)));
      const values = made.map(({ lamport }) => lamport).sort((a, b) => a - b);
      const distinct = new Set(values).size;
      context.must.hold(
        distinct === values.length,
        `${values.length} different values of output.lamport`,
        values,
        made.at(-1)?.answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/events/local-lamport-above-received",
    requirement: "EVT-042",
    brokenBy: ["lamport-counts-own-events-only"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const lamport = await headOf(context) + FAR_AHEAD;
      await given(context, "an event far ahead", await advertisement(context, alice, { lamport }));
      above(context, await makePost(context, alice), lamport, "the received");
    },
  }),
  defineCase({
    id: "core/events/reception-and-sending-both-count",
    requirement: "EVT-043",
    brokenBy: ["lamport-no-increment-on-reception"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const lamport = await headOf(context) + FAR_AHEAD;
      await given(context, "an event far ahead", await advertisement(context, alice, { lamport }));
      const made = await localAfter(context, alice);
      if (made.headBefore > lamport) return context.inconclusive("others wrote events at the same time");
      if (made.lamport === lamport + 1) context.note("the next local event has N + 1: reception alone did not count");
      context.should.hold(
        made.lamport === lamport + 2,
        `output.lamport ${lamport + 2} after the reception of ${lamport}`,
        made.lamport,
        made.answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/events/low-lamport-does-not-turn-back",
    requirement: "EVT-044",
    brokenBy: ["lamport-set-to-received"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const first = await makePost(context, alice);
      await given(context, "an old event", await advertisement(context, alice, { lamport: LOW_LAMPORT }));
      const next = await localAfter(context, alice);
      above(context, next, first.lamport, "the local event before");
      if (next.headBefore > first.lamport) return context.note("others wrote events at the same time");
      if (next.lamport === first.lamport + 1) context.note("receiving the low value did not advance the counter");
      context.should.hold(
        next.lamport <= first.lamport + 2,
        `output.lamport ${first.lamport + 2} (or one less) after one reception`,
        next.lamport,
        next.answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/events/duplicates-do-not-count",
    requirement: "EVT-045",
    brokenBy: ["lamport-observes-duplicates"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await advertisement(context, alice);
      await given(context, "an event", event);
      const first = await makePost(context, alice);
      for (let i = 0; i < REPEATS; i++) await pushed(context, event);
      const next = await localAfter(context, alice);
      if (next.headBefore > first.lamport) return context.inconclusive("others wrote events at the same time");
      context.should.hold(
        next.lamport === first.lamport + 1,
        `output.lamport ${first.lamport + 1} after ${REPEATS} duplicates`,
        next.lamport,
        next.answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/events/rejected-events-do-not-count",
    requirement: "EVT-046",
    brokenBy: ["lamport-observes-rejected"],
    effects: "harm",
    async run(context) {
      const alice = await context.actors.member("alice");
      const lamport = await headOf(context) + HUGE_STEP;
      const event = await advertisement(context, alice, { lamport });
      rejects(context, await pushed(context, tampered(event, { data: {} })), "an event with a broken signature");
      const made = await makePost(context, alice);
      judged(
        context,
        made.answer,
        holds(made.lamport < lamport - HUGE_STEP / 2, `output.lamport far below ${lamport}`, made.lamport),
      );
    },
  }),
  defineCase({
    id: "core/events/late-arrival-accepted",
    requirement: "EVT-047",
    brokenBy: ["late-events-refused"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const raised = await headOf(context) + 2 * LATE_BY;
      await given(context, "a higher head", await advertisement(context, alice, { lamport: raised }));
      const push = await pushed(context, await advertisement(context, alice, { lamport: raised - LATE_BY }));
      accepts(context, push, 1, "a new event below the head");
      const head = await headOf(context);
      context.must.hold(head >= raised, `a head of at least ${raised}`, `${head}, ${describe(push.answer)}`);
    },
  }),
];
