/** Concurrency: full capabilities, slots that are freed, running calls in the manifest, repeats at the same time. */

import { describe, equals, errorCode, isInteger, member, of, refusedWith, succeeded } from "../../../src/check/mod.ts";
import { isObject, type JsonObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { modelOf } from "../../../src/target/minimal_body.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { advertisedEntries, membersFor, turnOf } from "./helpers.ts";
import { fillSlots, MOST_SLOTS, start, type Streaming, streaming } from "./running.ts";

/** Time a full capability has for its refusal; one that queues answers later (BUS-037). */
const REFUSAL_MS = 2000;
/** Time within which a slot is free again (BUS-038), and the pause between two looks. */
const FREED_MS = 1000;
const LOOK_EVERY_MS = 100;
/** Failing calls beyond the number of slots (BUS-039). */
const MORE_FAILURES = 3;
const REPEATS = 5;
/** Calls that may be needed until a freed slot shows. */
const CALLS_AFTERWARDS = 12;
/** Streams that are held for BUS-040. */
const HELD = 2;
/** Time within which a manifest issued meanwhile shows them: the republish interval of 20 s and some slack. */
const MANIFEST_MS = 26_000;
const MANIFEST_LOOK_MS = 2000;

/** Skips where a capability has so many slots that nobody fills them. */
function requireFewSlots({ skip }: CaseContext, name: string, slots: number): void {
  if (!Number.isSafeInteger(slots) || slots < 1 || slots > MOST_SLOTS) {
    skip(`max_concurrent of ${name} is ${slots}; at most ${MOST_SLOTS} slots are filled`);
  }
}

async function withFewSlots(context: CaseContext): Promise<Streaming> {
  const called = await streaming(context);
  requireFewSlots(context, called.name, called.slots);
  return called;
}

/** A short call, answered as a whole. */
function oneMore(context: CaseContext, actor: Parameters<typeof start>[1], called: Streaming): Promise<HttpAnswer> {
  const { name, version, params, short } = called;
  return context.target.call(actor, name, { ...short, ...(name === "llm.chat" ? { stream: false } : {}) }, {
    version,
    params,
    deadlineMs: REFUSAL_MS,
  });
}

/** A read whose failures and successes leave nothing, with a body that fails and one that does not. */
function failingRead(
  { target }: CaseContext,
): { name: string; slots: number; params: JsonObject; good: JsonObject } | undefined {
  const model = modelOf(target.profile, "embed.text");
  const reads = [
    { name: "embed.text", params: { model }, good: { texts: ["hearth"] } },
    { name: "rag.query", params: { corpus: "hearthproof" }, good: { query: "hearth", k: 1 } },
  ];
  const read = reads.find(({ name }) => target.advertised(name) !== undefined);
  return read === undefined ? undefined : { ...read, slots: Number(target.advertised(read.name)?.max_concurrent) };
}

async function inFlight(context: CaseContext): Promise<number> {
  const { manifest, exchange } = await advertisedEntries(context);
  const total = member(manifest, "load", "in_flight_total");
  context.should(of({ exchange }, isInteger(total, "load.in_flight_total", 0)));
  return Number(total);
}

/** Starts streams that last: over WebSocket the window stops them where nobody acknowledges, else they are long. */
async function hold(context: CaseContext): Promise<() => void> {
  const { target } = context;
  const called = await streaming(context);
  const [actor] = await membersFor(context, HELD);
  const ends: (() => void)[] = [];
  for (let i = 0; i < HELD; i++) {
    if (target.profile.websocket) {
      const socket = await target.wsCall(actor, called.name, called.long, {
        version: called.version,
        params: called.params,
        limits: { deadlineMs: 4 * MANIFEST_MS, idleMs: 4 * MANIFEST_MS },
      });
      if (await socket.next() === null) context.inconclusive("a stream did not begin");
      ends.push(() => socket.abort());
    } else {
      const running = await start(target, actor, called, called.long);
      if (running === undefined) return context.inconclusive("a stream did not begin");
      ends.push(() => running.stream.abort());
    }
  }
  return () => ends.forEach((end) => end());
}

export const capacityCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/full-capability",
    requirement: "BUS-037",
    brokenBy: ["full-capability-queues", "full-capability-not-found", "full-capability-retry-in-seconds"],
    effects: "harm",
    async run(context) {
      const { target, must, inconclusive } = context;
      const called = await withFewSlots(context);
      const members = await membersFor(context, Math.max(called.slots, 2) + 1);
      const [caller] = members;
      const held = await fillSlots(target, members, called);
      try {
        if (held.started < called.slots) inconclusive(`${held.started} of ${called.slots} streams began`);
        const answer = await oneMore(context, members.at(-1) ?? caller, called);
        must(refusedWith(answer, "capacity_exceeded"));
        must(of(answer, isInteger(member(tryParseJson(answer.body), "retry_after_ms"), "retry_after_ms", 0)));
      } finally {
        held.end();
      }
    },
  }),
  defineCase({
    id: "core/bus/finished-calls-free-slots",
    requirement: "BUS-038",
    brokenBy: ["stream-keeps-its-slot"],
    effects: "none",
    async run(context) {
      const { target, must, until } = context;
      const called = await withFewSlots(context);
      const members = await membersFor(context, called.slots + CALLS_AFTERWARDS);
      // One after the other: slots that are not given back add up all the same, and nobody else is kept waiting.
      for (let i = 0; i < called.slots; i++) {
        const running = await start(target, turnOf(members, i), called, called.short);
        if (running === undefined) return context.inconclusive("a stream did not begin");
        await running.reader.read();
        running.stream.finish();
      }
      const last = members.at(-1) ?? members[0];
      let answer: HttpAnswer | undefined;
      await until(
        async () => {
          answer = await oneMore(context, last, called);
          return errorCode(answer) === "capacity_exceeded" ? undefined : answer;
        },
        FREED_MS,
        LOOK_EVERY_MS,
      );
      if (answer !== undefined) must(succeeded(answer));
    },
  }),
  defineCase({
    id: "core/bus/failed-calls-free-slots",
    requirement: "BUS-039",
    brokenBy: ["errors-keep-their-slot"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const read = failingRead(context);
      if (read === undefined) return context.skip("neither embed.text nor rag.query is advertised");
      requireFewSlots(context, read.name, read.slots);
      const calls = read.slots + MORE_FAILURES;
      const members = await membersFor(context, calls + 1);
      for (let i = 0; i < calls; i++) {
        await target.call(turnOf(members, i), read.name, {}, { params: read.params });
      }
      const [actor] = members;
      const answer = await target.call(actor, read.name, read.good, { params: read.params });
      const accepted = answer.status > 0 && errorCode(answer) !== "capacity_exceeded";
      must.hold(accepted, "a valid call is not answered capacity_exceeded", describe(answer), answer.exchange);
    },
  }),
  defineCase({
    id: "core/bus/running-calls-in-the-manifest",
    requirement: "BUS-040",
    brokenBy: ["in-flight-always-zero"],
    effects: "none",
    async run(context) {
      const { should, until } = context;
      const end = await hold(context);
      let seen = 0;
      try {
        const enough = await until(
          async () => {
            seen = Math.max(seen, await inFlight(context));
            return seen >= HELD ? seen : undefined;
          },
          MANIFEST_MS,
          MANIFEST_LOOK_MS,
        );
        should.hold(
          enough !== undefined,
          `load.in_flight_total reaches ${HELD} while ${HELD} streams run`,
          String(seen),
        );
      } finally {
        end();
      }
      const fewer = await until(
        async () => await inFlight(context) < seen ? true : undefined,
        MANIFEST_MS,
        MANIFEST_LOOK_MS,
      );
      should.hold(fewer === true, `load.in_flight_total falls below ${seen} after the streams`, "it stays");
    },
  }),
  defineCase({
    id: "core/bus/repeats-at-the-same-time",
    requirement: "BUS-041",
    brokenBy: ["repeats-race"],
    effects: "writes",
    async run(context) {
      const { target, actors, must, random } = context;
      const actor = await actors.member();
      const reader = await actors.member("reader");
      const title = `once ${random.word()}`;
      const input = { client_id: target.id(), category: "offer", title, body: "one cord of oak" };
      const answers = await Promise.all(
        Array.from({ length: REPEATS }, () => target.call(actor, "market.post", input)),
      );
      const good = answers.filter(({ status }) => status === 200);
      const [one] = good;
      if (one === undefined) return must(succeeded(answers[0] as HttpAnswer));
      const written = (answer: HttpAnswer) => {
        const body = tryParseJson(answer.body);
        return {
          event_id: member(body, "output", "event_id") ?? null,
          lamport: member(body, "output", "lamport") ?? null,
        };
      };
      for (const answer of good) {
        must(of(answer, equals(written(answer), written(one), "event_id and lamport of a repeat")));
      }
      if (target.advertised("market.list") === undefined) return;
      const listed = await target.call(reader, "market.list", { limit: 500 });
      const posts = member(tryParseJson(listed.body), "output", "posts");
      const found = (Array.isArray(posts) ? posts : []).filter((post) => isObject(post) && post.title === title);
      must(of(listed, equals(found.length, 1, `the number of posts with the title ${title}`)));
    },
  }),
];
