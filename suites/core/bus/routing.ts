/** Calls that the target passes on to a peer: which, to whom, and what comes back. */

import {
  describe,
  equals,
  errorCode,
  hasMediaType,
  of,
  output,
  refusedWith,
  status,
  succeeded,
} from "../../../src/check/mod.ts";
import { CALL_HEADERS } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { peerAnswer, type PeerHandler } from "../../../src/target/peer_host.ts";
import { membersFor, probe, send, turnOf } from "./helpers.ts";
import { ECHO, echo, peerWith } from "./peering.ts";

const TOKENS = 5;
/** Pause between the frames of the peer, in milliseconds; far above what passing on takes. */
const FRAME_PAUSE_MS = 200;
/** Share of the peer's spacing that must arrive: frames may catch up with each other, not bunch. */
const SPACING_SHARE = 0.5;
const LOCAL_CALLS = 10;
const FAST_MS = 20;
const LATE_MS = 800;
const WARM_UP = 10;
const MEASURED = 20;
/** Most of the measured calls that may go to the slower peer: a fifth of them. */
const MOST_LATE = 4;
const PEER_SLOTS = 2;
const PARALLEL = 4;
/** How long the busy peer works on a call, in milliseconds: all parallel calls have arrived by then. */
const BUSY_MS = 800;

/** Whether a call at a version reaches the peer. */
async function reaches(
  context: CaseContext,
  actor: Actor,
  calls: { readonly length: number },
  version: string,
): Promise<boolean> {
  const before = calls.length;
  await echo(context, actor, version);
  return calls.length > before;
}

function after(context: CaseContext, ms: number): PeerHandler {
  return async (call) => {
    await context.target.sleep(ms);
    return peerAnswer(200, { output: { version: call.version }, meta: { ms } });
  };
}

const streamed: PeerHandler = async (call, reply) => {
  const id = call.headers.find(([name]) => name.toLowerCase() === CALL_HEADERS.request_id.toLowerCase())?.[1] ?? "";
  await reply.head(200, [
    ["Content-Type", "text/event-stream"],
    ["Connection", "close"],
    [CALL_HEADERS.request_id, id],
  ]);
  for (let i = 0; i < TOKENS; i++) {
    if (i > 0) await reply.pause(FRAME_PAUSE_MS);
    await reply.frame("token", { text: `t${i}` });
  }
  await reply.pause(FRAME_PAUSE_MS);
  await reply.frame("done", { tokens_out: TOKENS, stop_reason: "end", ms: TOKENS * FRAME_PAUSE_MS });
  return undefined;
};

export const routingCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/minor-below-the-offered-one",
    requirement: "BUS-017",
    brokenBy: ["version-must-be-equal", "version-minor-ignored"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { calls } = await peerWith(context, "peer", [{ name: ECHO, version: "1.3" }]);
      const actor = await context.actors.member();
      must.hold(
        await reaches(context, actor, calls, "1.0"),
        "a call for 1.0 reaches the peer that offers 1.3",
        "it does not",
      );
      must.hold(
        await reaches(context, actor, calls, "1.3"),
        "a call for 1.3 reaches the peer that offers 1.3",
        "it does not",
      );
      must.hold(
        !await reaches(context, actor, calls, "1.4"),
        "no call for 1.4 reaches the peer that offers 1.3",
        "it does",
      );
    },
  }),
  defineCase({
    id: "core/bus/minors-are-numbers",
    requirement: "BUS-018",
    brokenBy: ["version-compared-as-decimal", "version-compared-as-text"],
    effects: "none",
    async run(context) {
      const { must, target } = context;
      const peer = await peerWith(context, "peer", [{ name: ECHO, version: "1.10" }]);
      const actor = await context.actors.member();
      const routed = await reaches(context, actor, peer.calls, "1.9");
      must.hold(routed, "a call for 1.9 reaches the peer that offers 1.10", "it does not");
      peer.change({ capabilities: [{ name: ECHO, version: "1.9" }] });
      await target.introduce(peer);
      const wrong = await reaches(context, actor, peer.calls, "1.10");
      must.hold(!wrong, "no call for 1.10 reaches the peer that offers 1.9", "it does");
    },
  }),
  defineCase({
    id: "core/bus/routed-to-a-peer",
    requirement: "BUS-044",
    brokenBy: ["nothing-is-routed"],
    effects: "none",
    async run(context) {
      const { must, target } = context;
      const answered = { said: [1, "two", { three: null }] };
      const peer = await peerWith(
        context,
        "peer",
        undefined,
        () => peerAnswer(200, { output: answered, meta: { ms: 1 } }),
      );
      const input = { text: target.random("text").word(), list: [3, 1, 2] };
      const answer = await echo(context, await context.actors.member(), "1.0", input);
      must.all(succeeded(answer), of(answer, equals(must.get(output(answer)), answered, "output of the peer")));
      must(equals(peer.calls[0]?.body ?? null, { params: {}, input }, "the body at the peer"));
    },
  }),
  defineCase({
    id: "core/bus/routed-request-id",
    requirement: "BUS-045",
    brokenBy: ["routed-call-gets-new-id"],
    effects: "none",
    async run(context) {
      const { must, target } = context;
      const peer = await peerWith(context, "peer");
      const requestId = target.id();
      const answer = await echo(context, await context.actors.member(), "1.0", {}, { requestId });
      const [call] = peer.calls;
      if (call === undefined) return must.hold(false, "the call reaches the peer", describe(answer), answer.exchange);
      const wanted = CALL_HEADERS.request_id.toLowerCase();
      const received = call.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
      must(equals(received, requestId, `${CALL_HEADERS.request_id} at the peer`));
    },
  }),
  defineCase({
    id: "core/bus/errors-of-peers",
    requirement: "BUS-046",
    brokenBy: ["errors-of-peers-are-internal"],
    effects: "none",
    async run(context) {
      const { should } = context;
      let refusal = peerAnswer(429, { error: "capacity_exceeded", message: "busy", retry_after_ms: 250 });
      await peerWith(context, "peer", undefined, () => refusal);
      const actor = await context.actors.member();
      should(refusedWith(await echo(context, actor, "1.0"), "capacity_exceeded"));
      refusal = peerAnswer(404, { error: "not_found", message: "no such thing" });
      should(refusedWith(await echo(context, actor, "1.0"), "not_found"));
    },
  }),
  defineCase({
    id: "core/bus/streams-of-peers",
    waitsMs: 1_000,
    requirement: "BUS-047",
    brokenBy: ["streams-of-peers-collected"],
    effects: "none",
    timed: true,
    async run(context) {
      const { must, target } = context;
      await peerWith(context, "peer", undefined, streamed);
      const { answer, sse } = await target.stream(await context.actors.member(), ECHO, { stream: true }, {
        version: "1.0",
      });
      must.all(status(answer, 200), hasMediaType(answer, "text/event-stream"));
      const frames = sse?.frames ?? [];
      const names = frames.map(({ event }) => event);
      const expected = [...Array.from({ length: TOKENS }, () => "token"), "done"];
      must(of(answer, equals(names, expected, "the events of the stream")));
      const spread = (frames.at(-1)?.at ?? 0) - (frames[0]?.at ?? 0);
      const wanted = TOKENS * FRAME_PAUSE_MS * SPACING_SHARE;
      must.hold(
        spread >= wanted,
        `frames spread over at least ${wanted} ms, as the peer sent them`,
        `${Math.round(spread)} ms`,
        answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/bus/local-first",
    requirement: "BUS-048",
    brokenBy: ["any-provider-at-random"],
    effects: "none",
    async run(context) {
      const { must, target } = context;
      const called = probe(target);
      const peer = await peerWith(context, "peer", [{ name: called.name, version: called.version }]);
      const members = await membersFor(context, LOCAL_CALLS);
      for (let i = 0; i < LOCAL_CALLS; i++) {
        must(succeeded(await send(target, turnOf(members, i), called.name, called.version, called.body)));
      }
      must(equals(peer.calls.length, 0, `the number of ${called.name} calls that reach the peer`));
    },
  }),
  defineCase({
    id: "core/bus/faster-peer-preferred",
    waitsMs: 2_000,
    requirement: "BUS-053",
    brokenBy: ["latency-of-peers-ignored"],
    effects: "none",
    timed: true,
    async run(context) {
      const { should } = context;
      const slow = await peerWith(context, "slow", undefined, after(context, LATE_MS));
      await peerWith(context, "fast", undefined, after(context, FAST_MS));
      const members = await membersFor(context, WARM_UP + MEASURED);
      const call = async (i: number) => {
        should(succeeded(await echo(context, turnOf(members, i), "1.0")));
      };
      for (let i = 0; i < WARM_UP; i++) await call(i);
      const before = slow.calls.length;
      for (let i = 0; i < MEASURED; i++) {
        await call(WARM_UP + i);
        const late = slow.calls.length - before;
        should.hold(
          late <= MOST_LATE,
          `at most ${MOST_LATE} of ${MEASURED} calls go to the slower peer`,
          `${late} of ${i + 1}`,
        );
      }
    },
  }),
  defineCase({
    id: "core/bus/limit-of-peers",
    waitsMs: 800,
    requirement: "BUS-054",
    brokenBy: ["limit-of-peers-ignored"],
    effects: "none",
    async run(context) {
      const { must, note, target } = context;
      let open = 0;
      let most = 0;
      const busy: PeerHandler = async () => {
        most = Math.max(most, ++open);
        await target.sleep(BUSY_MS);
        open--;
        return peerAnswer(200, { output: {}, meta: { ms: BUSY_MS } });
      };
      await peerWith(context, "peer", [{ name: ECHO, version: "1.0", max_concurrent: PEER_SLOTS }], busy);
      const actor = await context.actors.member();
      const answers = await Promise.all(Array.from({ length: PARALLEL }, () => echo(context, actor, "1.0")));
      must.hold(most > 0, "calls reach the peer", "none does");
      must.hold(most <= PEER_SLOTS, `at most ${PEER_SLOTS} open calls at the peer`, String(most));
      for (const answer of answers.filter((one) => one.status !== 200)) {
        if (errorCode(answer) === "not_found") note("a call beyond the limit of the peer is answered not_found");
        else must(refusedWith(answer, "capacity_exceeded"));
      }
    },
  }),
];
