/** Budgets: what is limited, what is announced, and whom it leaves alone. X01 §7; CONTRACT §9. */

import {
  describe,
  errorCode,
  holds,
  isInteger,
  jsonObject,
  noServerError,
  of,
  status,
} from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { CallOptions } from "../../../src/target/call.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { probeCall, UNKNOWN_NAME } from "./helpers.ts";
import { rateOf, requireRate } from "./load.ts";

/** Calls per second of the overload, and its length in seconds (TRN-059). */
const OVERLOAD = 40;
const OVERLOAD_SECONDS = 4;
/** A node that is not limited at this rate over all that time has no budget of ten. */
const OVERLOAD_ENOUGH = 30;
const SECOND_MS = 1_000;
/** Slack after the announced wait (TRN-061). */
const RETRY_SLACK_MS = 250;
/** Longest announced wait that is waited for, in milliseconds. */
const LONGEST_WAIT_MS = 20_000;
/** TRN-062: calls per second and seconds. */
const CALM_RATE = 5;
const CALM_SECONDS = 6;
/** Rounds of the cases that call beside a load, a second apart, and calls of that load: 40 a second (TRN-043). */
const ROUNDS = 3;
const LOAD_PER_ROUND = 40;
/** In a round as fast as this, forged calls that count leave nothing of a budget of ten. */
const FORGED_ENOUGH = 15;
/** TRN-065: names, calls per second to each, seconds. */
const NAMES = 30;
const CALLS_PER_NAME = 6;
const TOTAL_SECONDS = 3;
/** A node that is not limited at this rate over all that time has no budget of a hundred. */
const TOTAL_ENOUGH = 150;
/** How often the load is tried; what runs beside may slow down the tester. */
const TOTAL_TRIES = 3;
/** TRN-066: calls in one second, and how long a silent one is waited for. */
const FLOOD = 400;
const FLOOD_ENOUGH = 150;
const FLOOD_DEADLINE_MS = 3_000;

const limited = (answer: HttpAnswer): boolean => answer.status === 429 && errorCode(answer) === "rate_limited";

/** Calls of one member side by side. */
function batch(context: CaseContext, actor: Actor, size: number, options: CallOptions = {}): Promise<HttpAnswer[]> {
  return Promise.all(Array.from({ length: size }, () => probeCall(context, options, actor)));
}

/** What an overload met. */
interface Overload {
  /** The limited answers of the second in which calls were limited first. */
  readonly refused: readonly HttpAnswer[];
  readonly answers: readonly HttpAnswer[];
}

/** Overloads the probe a second at a time until a call is limited. */
async function overload(context: CaseContext, actor: Actor): Promise<Overload> {
  const answers: HttpAnswer[] = [];
  for (let second = 0; second < OVERLOAD_SECONDS; second++) {
    const began = context.target.mono();
    const last = await batch(context, actor, OVERLOAD);
    answers.push(...last);
    const refused = last.filter((answer) => answer.status === 429 && errorCode(answer) !== "capacity_exceeded");
    if (refused.length > 0) return { refused, answers };
    if (second + 1 < OVERLOAD_SECONDS) await pauseUntil(context, began + SECOND_MS);
  }
  return { refused: [], answers };
}

/** Lets time pass up to a point of the monotonic clock. */
async function pauseUntil({ target }: CaseContext, at: number): Promise<void> {
  const left = Math.ceil(at - target.mono());
  if (left > 0) await target.sleep(left);
}

/** What rounds of a load met. */
interface Rounds {
  /** Whether the load was seen to be limited. */
  readonly seen: boolean;
  /** Calls per second of the fastest round. */
  readonly rate: number;
}

/** Rounds of a load with a call beside each that must not be limited. */
async function beside(
  context: CaseContext,
  load: () => Promise<readonly HttpAnswer[]>,
  calm: () => Promise<HttpAnswer>,
  what: string,
): Promise<Rounds> {
  let seen = false;
  let rate = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const began = context.target.mono();
    const answers = await load();
    seen ||= answers.some((answer) => answer.status === 429 || answer.status === 0);
    rate = Math.max(rate, rateOf(answers));
    const answer = await calm();
    context.must(
      of(answer, holds(answer.status > 0 && !limited(answer), `${what} not to be limited`, describe(answer))),
    );
    if (round + 1 < ROUNDS) await pauseUntil(context, began + SECOND_MS);
  }
  return { seen, rate };
}

/** One try at the total budget: calls to all names, a second at a time; undefined as soon as one is limited. */
async function spread(
  context: CaseContext,
  actor: Actor,
  names: readonly string[],
): Promise<readonly HttpAnswer[] | undefined> {
  const { target } = context;
  const answers: HttpAnswer[] = [];
  for (let second = 0; second < TOTAL_SECONDS; second++) {
    const began = target.mono();
    const calls = names.flatMap((name) => Array.from({ length: CALLS_PER_NAME }, () => target.call(actor, name)));
    answers.push(...await Promise.all(calls));
    if (answers.some(limited)) return undefined;
    if (second + 1 < TOTAL_SECONDS) await pauseUntil(context, began + SECOND_MS);
  }
  return answers;
}

export const rateCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/forged-calls-cost-nothing",
    waitsMs: 2_000,
    requirement: "TRN-043",
    brokenBy: ["rate-before-signature"],
    effects: "harm",
    async run(context) {
      const member = await context.actors.member("victim");
      const { rate } = await beside(
        context,
        () => batch(context, member, LOAD_PER_ROUND, { signature: "broken" }),
        () => probeCall(context, {}, member),
        "the member's own calls",
      );
      if (rate < FORGED_ENOUGH) context.inconclusive(`no round reached ${FORGED_ENOUGH} forged calls per second`);
    },
  }),
  defineCase({
    id: "core/transport/overload-is-limited",
    requirement: "TRN-059",
    brokenBy: ["no-limiter"],
    effects: "harm",
    async run(context) {
      const { refused, answers } = await overload(context, await context.actors.member("hasty"));
      if (refused.length === 0) requireRate(context, answers, OVERLOAD_ENOUGH);
      const [answer] = refused;
      context.must.hold(
        refused.some(limited),
        `429 rate_limited at ${OVERLOAD} calls per second for ${OVERLOAD_SECONDS} s`,
        answer === undefined ? "every call was accepted" : describe(answer),
        answer?.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/limit-says-when-to-come-back",
    requirement: "TRN-060",
    brokenBy: ["limit-without-body", "retry-after-zero", "retry-after-with-unit"],
    effects: "harm",
    async run(context) {
      const { must } = context;
      const { refused } = await overload(context, await context.actors.member("hasty"));
      if (refused.length === 0) return context.inconclusive("no call was limited");
      for (const answer of refused) {
        const { retry_after_ms: wait } = must.get(jsonObject(answer));
        must(of(answer, isInteger(wait, "retry_after_ms", 1)));
      }
    },
  }),
  defineCase({
    id: "core/transport/limit-ends-as-announced",
    requirement: "TRN-061",
    brokenBy: ["limit-bans-for-minutes"],
    effects: "harm",
    timed: true,
    async run(context) {
      const { target, actors, must } = context;
      const hasty = await actors.member("hasty");
      const { refused } = await overload(context, hasty);
      if (refused.length === 0) return context.inconclusive("no call was limited");
      const waits = refused.map((answer) => {
        const body = jsonObject(answer);
        return "value" in body ? Number(body.value.retry_after_ms) : NaN;
      });
      const wait = Math.max(...waits);
      if (!(wait >= 0 && wait <= LONGEST_WAIT_MS)) {
        return context.inconclusive(`the announced wait is ${wait} ms`);
      }
      await target.sleep(wait + RETRY_SLACK_MS);
      const answer = await probeCall(context, {}, hasty);
      must(of(
        answer,
        holds(
          answer.status > 0 && answer.status !== 429,
          `acceptance after ${wait} + ${RETRY_SLACK_MS} ms`,
          describe(answer),
        ),
      ));
    },
  }),
  defineCase({
    id: "core/transport/calm-traffic-is-not-limited",
    waitsMs: 6_000,
    requirement: "TRN-062",
    brokenBy: ["limit-of-three"],
    effects: "none",
    timed: true,
    async run(context) {
      const { target, actors, must } = context;
      const calm = await actors.member("calm");
      for (let i = 0; i < CALM_RATE * CALM_SECONDS; i++) {
        // A late call is never caught up on: calls in a row would be the burst that may be limited.
        const began = target.mono();
        const answer = await probeCall(context, {}, calm);
        must(
          of(
            answer,
            holds(answer.status > 0 && answer.status !== 429, "a call below the budget to pass", describe(answer)),
          ),
        );
        await pauseUntil(context, began + SECOND_MS / CALM_RATE);
      }
    },
  }),
  defineCase({
    id: "core/transport/budgets-are-per-peer",
    waitsMs: 2_000,
    requirement: "TRN-063",
    brokenBy: ["budget-per-capability-only"],
    effects: "harm",
    async run(context) {
      const [hasty, calm] = [await context.actors.member("hasty"), await context.actors.member("calm")];
      const { seen } = await beside(
        context,
        () => batch(context, hasty, LOAD_PER_ROUND),
        () => probeCall(context, {}, calm),
        "another member's calls",
      );
      if (!seen) context.inconclusive("the overload was not limited");
    },
  }),
  defineCase({
    id: "core/transport/budgets-are-per-capability",
    waitsMs: 2_000,
    requirement: "TRN-064",
    brokenBy: ["budget-per-peer-only"],
    effects: "harm",
    async run(context) {
      const hasty = await context.actors.member("hasty");
      const { seen } = await beside(
        context,
        () => batch(context, hasty, LOAD_PER_ROUND),
        () => context.target.call(hasty, UNKNOWN_NAME),
        "calls to another capability",
      );
      if (!seen) context.inconclusive("the overload was not limited");
    },
  }),
  defineCase({
    id: "core/transport/total-is-limited",
    requirement: "TRN-065",
    brokenBy: ["no-total-budget"],
    effects: "harm",
    async run(context) {
      const { actors, should, random } = context;
      const hasty = await actors.member("hasty");
      const names = Array.from({ length: NAMES }, () => `experimental.missing_${random.word()}`);
      let answers: readonly HttpAnswer[] = [];
      for (let tries = 0; tries < TOTAL_TRIES && rateOf(answers) < TOTAL_ENOUGH; tries++) {
        const unlimited = await spread(context, hasty, names);
        if (unlimited === undefined) return;
        answers = unlimited;
      }
      requireRate(context, answers, TOTAL_ENOUGH);
      const load = `${NAMES * CALLS_PER_NAME} calls per second over ${NAMES} names`;
      should.hold(false, `429 rate_limited at ${load}`, "no call was limited", answers.at(-1)?.exchange);
    },
  }),
  defineCase({
    id: "core/transport/flood-is-survived",
    requirement: "TRN-066",
    brokenBy: ["flood-fails"],
    effects: "harm",
    async run(context) {
      const { actors, should } = context;
      const [flood, calm] = [await actors.member("flood"), await actors.member("calm")];
      const answers = await batch(context, flood, FLOOD, { deadlineMs: FLOOD_DEADLINE_MS });
      for (const answer of answers) {
        if (answer.status !== 0) should(noServerError(answer));
      }
      const silent = answers.filter((answer) => answer.status === 0).length;
      // Counts would differ from run to run; reports of one seed are equal.
      context.note(
        `calls above the hard budget: ${silent > 0 ? "some got no answer" : "all were answered"}, ${
          answers.some(limited) ? "some were rate_limited" : "none was rate_limited"
        }`,
      );
      should(status(await probeCall(context, {}, calm), 200));
      if (silent === 0) requireRate(context, answers, FLOOD_ENOUGH);
    },
  }),
];
