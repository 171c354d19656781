/** The first message: what starts a call, what is refused, and how it may be framed. */

import { describe, holds, status } from "../../../../src/check/mod.ts";
import { type JsonObject, utf8 } from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import type { Actor } from "../../../../src/target/actors.ts";
import { minimalBody } from "../../../../src/target/minimal_body.ts";
import { probeName } from "../../../../src/target/profile.ts";
import type { Session } from "../../../../src/target/session.ts";
import { OPCODE, type WsClient } from "../../../../src/wire/mod.ts";
import {
  advertises,
  anyStream,
  chatCall,
  codeOf,
  collect,
  type Course,
  courseText,
  isTerminal,
  longStream,
  messageOf,
  REACTION_MS,
  readCall,
  refusalCode,
  refusedBy,
  say,
  shortStream,
  started,
  type StreamCall,
  toTheEnd,
  unknownCid,
  unlessGone,
  upgraded,
  upgradeFor,
} from "./helpers.ts";

/** Codes for an envelope that contradicts the headers (WSK-015) or has no signature. */
const CONTRADICTION = ["invalid_signature", "bad_request", "unauthorized"] as const;
/** Codes that say that a call for something unknown was executed. */
const EXECUTED: readonly string[] = ["not_found", "not_implemented"];
/** A message no node has to read: the largest body of a call (wire-format.md section 1). */
const HUGE_BYTES = 16 * 1_048_576;
const FRAGMENTS = 3;
const FEW_TOKENS = 4;

/** A body that both streaming capabilities understand, so that only the name decides. */
function ambiguousCalls(context: CaseContext): readonly [StreamCall, StreamCall] | undefined {
  const { target } = context;
  if (!advertises(target.profile, "file.read") || !advertises(target.profile, "llm.chat")) return undefined;
  const chat = chatCall(target, "Say hello.", FEW_TOKENS);
  const both = { params: chat.params, input: { ...chat.input, cid: unknownCid(context) } };
  return [{ capability: "file.read", ...both }, { capability: "llm.chat", ...both }];
}

/** Sends one message after an upgrade and reads to the close. */
async function answerTo(
  context: CaseContext,
  actor: Actor,
  call: StreamCall,
  message: JsonObject,
  quietMs?: number,
): Promise<Course> {
  const socket = await upgraded(context, actor, call);
  await say(socket, message);
  return await closeOf(socket, quietMs);
}

async function closeOf(socket: WsClient, quietMs?: number): Promise<Course> {
  const course = await collect(socket, quietMs === undefined ? {} : { quietMs, firstMs: quietMs });
  socket.abort();
  return course;
}

/** At least one frame of the capability came. */
function delivers(course: Course) {
  return holds(
    course.frames.some(({ event }) => event !== "" && event !== "error"),
    "a frame of the capability",
    courseText(course),
    course.exchange,
  );
}

export const firstMessageCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/websocket-call-message-starts-the-call",
    requirement: "WSK-010",
    brokenBy: ["websocket-expects-bare-body"],
    effects: "writes",
    async run(context) {
      const socket = await started(context, await context.actors.member(), await shortStream(context));
      const course = await toTheEnd(socket);
      socket.abort();
      context.must(delivers(course));
    },
  }),
  defineCase({
    id: "core/transport/websocket-signature-of-another-key",
    requirement: "WSK-012",
    brokenBy: ["websocket-trusts-upgrade-signature"],
    effects: "none",
    async run(context) {
      const { actors, must } = context;
      const member = await actors.member();
      const call = anyStream(context);
      const message = messageOf(context, { ...actors.stranger(), id: member.id }, call);
      must(refusedBy(await answerTo(context, member, call, message), ["invalid_signature"]));
    },
  }),
  defineCase({
    id: "core/transport/websocket-envelope-changed-after-signing",
    requirement: "WSK-013",
    brokenBy: ["websocket-signature-skips-envelope", "websocket-trusts-upgrade-signature"],
    effects: "none",
    async run(context) {
      const { actors, must } = context;
      const member = await actors.member();
      const call = anyStream(context);
      const other = { ...call, input: { ...call.input, cid: unknownCid(context) } };
      const signed = messageOf(context, member, call);
      const body = { params: other.params, input: other.input };
      const envelope = { ...signed.envelope as JsonObject, body };
      must(refusedBy(await answerTo(context, member, call, { ...signed, envelope }), ["invalid_signature"]));
      const [named, swapped] = ambiguousCalls(context) ?? [];
      if (named === undefined || swapped === undefined) return;
      const message = messageOf(context, member, named);
      const renamed = { ...message.envelope as JsonObject, capability: swapped.capability };
      // The headers of the upgrade agree with the changed name, so that only the signature can tell.
      must(
        refusedBy(await answerTo(context, member, swapped, { ...message, envelope: renamed }), ["invalid_signature"]),
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-call-without-signature",
    requirement: "WSK-014",
    brokenBy: ["websocket-accepts-unsigned"],
    effects: "none",
    async run(context) {
      const member = await context.actors.member();
      const call = anyStream(context);
      const { signature: _, ...unsigned } = messageOf(context, member, call);
      context.must(refusedBy(await answerTo(context, member, call, unsigned), CONTRADICTION));
    },
  }),
  defineCase({
    id: "core/transport/websocket-envelope-agrees-with-the-upgrade",
    requirement: "WSK-015",
    brokenBy: ["websocket-ignores-upgrade-headers"],
    effects: "none",
    async run(context) {
      const calls = ambiguousCalls(context);
      if (calls === undefined) return context.skip("there are no two streaming capabilities");
      const [named, executed] = calls;
      const member = await context.actors.member();
      const course = await answerTo(context, member, named, messageOf(context, member, executed));
      context.should(refusedBy(course, CONTRADICTION));
    },
  }),
  defineCase({
    id: "core/transport/websocket-stranger-is-refused",
    requirement: "WSK-016",
    brokenBy: ["websocket-admits-strangers"],
    effects: "none",
    async run(context) {
      const stranger = context.actors.stranger();
      const call = anyStream(context);
      const socket = await upgradeFor(context, stranger, call);
      const { answer } = socket.handshake;
      if (!socket.handshake.upgraded) return context.must(status(answer, 401));
      await say(socket, messageOf(context, stranger, call));
      const course = await closeOf(socket);
      const right = course.frames.length === 1 && refusalCode(answer, course) === "unauthorized";
      context.must.hold(right, "status 401 or one error frame unauthorized", courseText(course), course.exchange);
    },
  }),
  defineCase({
    id: "core/transport/websocket-first-message-is-a-call",
    requirement: "WSK-017",
    brokenBy: ["websocket-half-open-after-bad-start"],
    effects: "none",
    timed: true,
    async run(context) {
      const member = await context.actors.member();
      const course = await answerTo(context, member, anyStream(context), { type: "cancel" }, REACTION_MS);
      const quiet = course.frames.length === 0 || (course.frames.length === 1 && course.frames[0]?.event === "error");
      context.must.hold(
        quiet && course.closed !== undefined,
        "at most one error frame and a close within 2 s",
        courseText(course),
        course.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-first-message-is-json",
    requirement: "WSK-018",
    brokenBy: ["websocket-bad-json-kills-node"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const other = await actors.member("bob");
      const socket = await upgraded(context, await actors.member(), anyStream(context));
      await unlessGone(socket.send("hello"));
      const course = await closeOf(socket);
      must.hold(course.closed !== undefined, "a close", courseText(course), course.exchange);
      must(await stillServes(target, other));
    },
  }),
  defineCase({
    id: "core/transport/websocket-carries-one-call",
    requirement: "WSK-019",
    brokenBy: ["websocket-runs-second-call"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      const member = await actors.member();
      // Long, so that it runs when the second call comes.
      const first = await longStream(context);
      // Of the same capability, so that nothing but being the second can refuse it.
      const second = first.capability === "file.read"
        ? readCall({ cid: unknownCid(context) })
        : { ...first, params: { model: `no-such-model-${target.id()}` } };
      const socket = await upgraded(context, member, first);
      await say(socket, messageOf(context, member, first));
      await say(socket, messageOf(context, member, second));
      const course = await collect(socket, { quietMs: REACTION_MS });
      socket.abort();
      const foreign = course.frames.find((frame) => EXECUTED.includes(codeOf(frame) ?? ""));
      should.hold(foreign === undefined, "no frame of the second call", courseText(course), course.exchange);
    },
  }),
  defineCase({
    id: "core/transport/websocket-text-and-binary-messages",
    requirement: "WSK-027",
    brokenBy: ["websocket-drops-binary"],
    effects: "writes",
    async run(context) {
      const member = await context.actors.member();
      const call = await shortStream(context);
      for (const binary of [false, true]) {
        const socket = await upgraded(context, member, call);
        const message = messageOf(context, member, call);
        await say(socket, binary ? utf8(JSON.stringify(message)) : message);
        const course = await collect(socket, { until: isTerminal, quietMs: REACTION_MS });
        socket.abort();
        context.should(delivers(course));
      }
    },
  }),
  defineCase({
    id: "core/transport/websocket-fragments-are-put-together",
    requirement: "WSK-028",
    brokenBy: ["websocket-parses-fragments"],
    effects: "writes",
    async run(context) {
      const member = await context.actors.member();
      const call = await shortStream(context);
      const socket = await upgraded(context, member, call);
      const bytes = utf8(JSON.stringify(messageOf(context, member, call)));
      const size = Math.ceil(bytes.length / FRAGMENTS);
      for (let i = 0; i < FRAGMENTS; i++) {
        const opcode = i === 0 ? OPCODE.text : OPCODE.continuation;
        const payload = bytes.subarray(i * size, (i + 1) * size);
        await unlessGone(socket.sendFrame({ opcode, payload, fin: i === FRAGMENTS - 1 }));
      }
      const course = await toTheEnd(socket);
      socket.abort();
      context.must(delivers(course));
    },
  }),
  defineCase({
    id: "core/transport/websocket-huge-message",
    requirement: "WSK-038",
    brokenBy: ["websocket-huge-message-kills-node"],
    effects: "harm",
    async run(context) {
      const other = await context.actors.member("bob");
      const socket = await upgraded(context, await context.actors.member(), anyStream(context));
      const message = `{"type":"cancel","note":"${"a".repeat(HUGE_BYTES)}"}`;
      await unlessGone(socket.send(message));
      await closeOf(socket, REACTION_MS);
      context.should(await stillServes(context.target, other));
    },
  }),
];

/** A normal call of another member still works. */
async function stillServes(target: Session, actor: Actor) {
  const probe = probeName(target.profile) ?? "";
  const answer = await target.busCall(actor, probe, { body: minimalBody(target.profile, probe) });
  return holds(answer.status === 200, "a call of another member to be answered", describe(answer), answer.exchange);
}
