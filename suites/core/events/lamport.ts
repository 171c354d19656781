/** Lamport time of the node's own events, and of late arrivals. CONTRACT §7.3; X02 §3.2, §5.2. */

import { describe, holds } from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import {
  accepts,
  advertisement,
  alone,
  FAR_AHEAD,
  given,
  headOf,
  judged,
  OUT_OF_REACH,
  pushed,
  rejects,
  tampered,
} from "./helpers.ts";
import { type MadePost, makePost, postInput } from "./posts.ts";

/** Parallel calls of EVT-041, and the members they are spread over where there are as many. */
const PARALLEL_CALLS = 10;
const POSTERS = 5;
/** How often EVT-045 repeats an event. */
const REPEATS = 10;
/** Lamport value of the event that comes late by far. */
const LOW_LAMPORT = 1;
/** Experiments at most, and checks for traffic of others: together no more calls than a member may make in a second. */
const ATTEMPTS = 3;
const QUIET_CHECKS = 2;
/** Between two experiments, in milliseconds: cases that run side by side have ended by then. */
const PAUSE_MS = 1000;
/** How far below the head EVT-047 posts. */
const LATE_BY = 5;

/** Whether nobody else makes the counter run: two local events in a row get neighbouring values. */
async function quiet(context: CaseContext, actor: Actor): Promise<boolean> {
  if (alone(context)) return true;
  for (let i = 0; i < QUIET_CHECKS; i++) {
    const first = await makePost(context, actor);
    const second = await makePost(context, actor);
    if (second.lamport !== first.lamport + 1) return false;
  }
  return true;
}

/**
 * The local event of an experiment has the lamport it should. Events of others can only raise it, so a lower value is
 * wrong at once, a higher one only if it comes each time on a node where nobody else writes.
 */
async function getsLamport(
  context: CaseContext,
  actor: Actor,
  experiment: () => Promise<{ readonly made: MadePost; readonly wanted: number; readonly what: string }>,
): Promise<void> {
  let seen = await experiment();
  for (let i = 1; i < ATTEMPTS && seen.made.lamport > seen.wanted; i++) {
    if (!alone(context)) await context.target.sleep(PAUSE_MS);
    seen = await experiment();
  }
  const { made: { lamport, answer }, wanted, what } = seen;
  if (lamport > wanted && !await quiet(context, actor)) return context.inconclusive("others wrote events all the time");
  context.should.hold(lamport === wanted, `output.lamport ${wanted} ${what}`, lamport, answer.exchange);
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
      await getsLamport(context, alice, async () => {
        const lamport = await headOf(context) + FAR_AHEAD;
        await given(context, "an event far ahead", await advertisement(context, alice, { lamport }));
        const made = await makePost(context, alice);
        if (made.lamport === lamport + 1) context.note("the next local event has N + 1: reception alone did not count");
        return { made, wanted: lamport + 2, what: `after the reception of ${lamport}` };
      });
    },
  }),
  defineCase({
    id: "core/events/low-lamport-does-not-turn-back",
    requirement: "EVT-044",
    brokenBy: ["lamport-set-to-received"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      await getsLamport(context, alice, async () => {
        const first = await makePost(context, alice);
        await given(context, "an old event", await advertisement(context, alice, { lamport: LOW_LAMPORT }));
        const made = await makePost(context, alice);
        above(context, made, first.lamport, "the local event before");
        const unmoved = made.lamport === first.lamport + 1;
        if (unmoved) context.note("receiving the low value did not advance the counter");
        return { made, wanted: first.lamport + (unmoved ? 1 : 2), what: "after the reception of a low value" };
      });
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
      await getsLamport(context, alice, async () => {
        const first = await makePost(context, alice);
        for (let i = 0; i < REPEATS; i++) await pushed(context, event);
        const made = await makePost(context, alice);
        return { made, wanted: first.lamport + 1, what: `after ${REPEATS} duplicates` };
      });
    },
  }),
  defineCase({
    id: "core/events/rejected-events-do-not-count",
    requirement: "EVT-046",
    brokenBy: ["lamport-observes-rejected"],
    effects: "harm",
    async run(context) {
      const alice = await context.actors.member("alice");
      const lamport = await headOf(context) + OUT_OF_REACH;
      const event = await advertisement(context, alice, { lamport });
      rejects(context, await pushed(context, tampered(event, { data: {} })), "an event with a broken signature");
      const made = await makePost(context, alice);
      judged(
        context,
        made.answer,
        holds(made.lamport < lamport - OUT_OF_REACH / 2, `output.lamport far below ${lamport}`, made.lamport),
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
