/** Long polls on topics. CONTRACT §8; X01 §8; wire-format.md section 13. */

import { describe, equals, holds, jsonObject, of, okObject, refusedWith, succeeded } from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { polled, type PolledMessage, postedId, uniquePost } from "./helpers.ts";

const POSTS = "marketplace.post.created";
const QUIET = "community.member.revoked";
const MEMBERS = "community.member.added";

/** TRN-067: seconds asked for, and the milliseconds within which the answer arrives. */
const SHORT_POLL_S = 2;
const SHORT_POLL_MS = [1_500, 4_000] as const;
/** TRN-068. */
const DEFAULT_POLL_MS = [28_000, 34_000] as const;
const DEFAULT_POLL_DEADLINE_MS = 45_000;
/** TRN-069: seconds a poll waits, and the milliseconds in which a message arrives. */
const LONG_POLL_S = 20;
const DELIVERY_MS = 2_000;
/** Time for a poll to be open at the target before something is published, in milliseconds. */
const OPENING_MS = 150;
/** Posts made until a poll sees one: a poll may open later than a busy machine lets it. */
const ATTEMPTS = 2;
/** Time in which a refusal has to come, in milliseconds: a poll on no topic would last 30 s. */
const REFUSAL_MS = 3_000;
/** Seconds a poll lasts that should see nothing (TRN-070, TRN-072). */
const NOTHING_S = 1;

function waited(answer: HttpAnswer, [least, most]: readonly [number, number]) {
  const ms = answer.endedAt - answer.startedAt;
  return of(
    answer,
    holds(ms >= least && ms <= most, `an answer after ${least} to ${most} ms`, `after ${Math.round(ms)} ms`),
  );
}

/** A poll on its way, and its answer once it is there. */
interface OpenPoll {
  readonly answered: Promise<HttpAnswer>;
  answer: HttpAnswer | undefined;
}

function openPoll({ target }: CaseContext, topic: string): OpenPoll {
  const answered = target.poll(topic, { timeout: LONG_POLL_S });
  const poll: OpenPoll = { answered, answer: undefined };
  answered.then((answer) => poll.answer = answer, () => {});
  return poll;
}

/** A message published while polls are open. */
interface Delivery {
  readonly posted: string[];
  readonly answers: readonly HttpAnswer[];
}

/**
 * Opens polls on new posts and posts until all of them were answered in time; answers that are late are missing. The
 * last post is at most as old as the time in which it must arrive.
 */
async function postToPolls(context: CaseContext, author: Actor, count: number): Promise<Delivery> {
  const { target } = context;
  const polls = Array.from({ length: count }, () => openPoll(context, POSTS));
  const posted: string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await target.sleep(OPENING_MS);
    posted.push(postedId(context, await target.call(author, "market.post", uniquePost(context))));
    const all = await context.until(
      () => Promise.resolve(polls.every(({ answer }) => answer !== undefined) ? true : undefined),
      DELIVERY_MS,
    );
    if (all === true) break;
  }
  return { posted, answers: polls.flatMap(({ answer }) => answer ?? []) };
}

/** The message in an answer; a poll that ran out or is malformed is a violation. */
function messageIn({ must }: CaseContext, answer: HttpAnswer): PolledMessage {
  const message = polled(must.get(okObject(answer)));
  must.hold(message !== undefined, "a message", describe(answer), answer.exchange);
  return message as PolledMessage;
}

export const topicCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/poll-runs-out",
    waitsMs: 2_000,
    requirement: "TRN-067",
    brokenBy: ["poll-ends-with-204", "poll-ends-with-408", "poll-timeout-ignored"],
    effects: "none",
    timed: true,
    async run({ target, must }) {
      const answer = await target.poll(QUIET, { timeout: SHORT_POLL_S, deadlineMs: 2 * SHORT_POLL_MS[1] });
      must(succeeded(answer));
      must(of(answer, equals(must.get(jsonObject(answer)).timeout, true, "timeout")));
      must(waited(answer, SHORT_POLL_MS));
    },
  }),
  defineCase({
    id: "core/transport/poll-lasts-thirty-seconds",
    requirement: "TRN-068",
    brokenBy: ["poll-returns-at-once"],
    effects: "none",
    timed: true,
    async run({ target, must }) {
      const answer = await target.poll(QUIET, { deadlineMs: DEFAULT_POLL_DEADLINE_MS });
      must(succeeded(answer));
      must(waited(answer, DEFAULT_POLL_MS));
    },
  }),
  defineCase({
    id: "core/transport/message-wakes-the-poll",
    requirement: "TRN-069",
    brokenBy: ["poll-looks-at-the-end"],
    effects: "writes",
    timed: true,
    async run(context) {
      const { answers } = await postToPolls(context, await context.actors.member(), 1);
      const [answer] = answers;
      if (answer === undefined) {
        return context.must.hold(false, `an answer to the open poll within ${DELIVERY_MS} ms of a post`, "none");
      }
      messageIn(context, answer);
    },
  }),
  defineCase({
    id: "core/transport/sequence-goes-on",
    requirement: "TRN-070",
    brokenBy: ["last-seq-ignored", "sequence-stands-still"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      const author = await actors.member();
      const { posted, answers: [opened] } = await postToPolls(context, author, 1);
      if (opened === undefined) return context.inconclusive("no message was delivered to an open poll");
      const one = messageIn(context, opened);
      if (one.seq === undefined) return context.skip("messages have no sequence number");
      posted.push(postedId(context, await target.call(author, "market.post", uniquePost(context))));
      let seq = one.seq;
      const seen = [one.payload.event_id];
      // A live node may have other posts in between; each has to be new.
      for (let i = 0; i <= posted.length; i++) {
        const answer = await target.poll(POSTS, { lastSeq: seq, timeout: NOTHING_S });
        const next = polled(should.get(okObject(answer)));
        if (next === undefined) break;
        const { event_id: id } = next.payload;
        should(of(answer, holds(!seen.includes(id), "no message twice", `${id} again with last_seq ${seq}`)));
        should(of(answer, holds((next.seq ?? seq) > seq, `a number above ${seq}`, `${next.seq}`)));
        seen.push(id);
        seq = next.seq ?? seq;
        if (id === posted.at(-1)) return;
      }
      should.hold(seen.includes(posted.at(-1) ?? ""), "the last post after the first", `seen: ${seen.join(", ")}`);
    },
  }),
  defineCase({
    id: "core/transport/every-subscriber-gets-the-message",
    requirement: "TRN-071",
    brokenBy: ["message-to-one-subscriber"],
    effects: "writes",
    async run(context) {
      const { must, actors } = context;
      const polls = 3;
      const { answers } = await postToPolls(context, await actors.member(), polls);
      must.hold(answers.length === polls, `${polls} polls with a message`, `${answers.length} were answered`);
      const ids = answers.map((answer) => messageIn(context, answer).payload.event_id);
      must.hold(ids.every((id) => id === ids[0]), "the same event_id for all", ids, answers[0]?.exchange);
    },
  }),
  defineCase({
    id: "core/transport/subscriber-gets-its-topic-only",
    waitsMs: 1_000,
    requirement: "TRN-072",
    brokenBy: ["topics-are-one"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const author = await actors.member();
      const poll = target.poll(MEMBERS, { timeout: NOTHING_S });
      await target.sleep(OPENING_MS);
      const posted = postedId(context, await target.call(author, "market.post", uniquePost(context)));
      const answer = await poll;
      const message = polled(must.get(okObject(answer)));
      if (message === undefined) return;
      const { event_id: id, event_type: type } = message.payload;
      const foreign = id === posted || (typeof type === "string" && type.startsWith("market."));
      must(of(answer, holds(!foreign, `nothing but ${MEMBERS}`, describe(answer))));
      context.note("a member was added while the poll was open");
    },
  }),
  defineCase({
    id: "core/transport/poll-without-topic-refused",
    requirement: "TRN-073",
    brokenBy: ["poll-on-no-topic"],
    effects: "none",
    async run({ target, should }) {
      should(refusedWith(await target.httpGet("/pubsub/v1/subscribe", [], { deadlineMs: REFUSAL_MS }), "bad_request"));
    },
  }),
];
