/** The upgrade: 101 with the right headers, subprotocols, and what must not be upgraded. */

import { describe, header, holds, status } from "../../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import { minimalBody } from "../../../../src/target/minimal_body.ts";
import { probeName } from "../../../../src/target/profile.ts";
import type { WsClient } from "../../../../src/wire/mod.ts";
import {
  anyStream,
  collect,
  courseText,
  isTerminal,
  messageOf,
  say,
  SILENCE_MS,
  SUBPROTOCOL,
  upgraded,
  upgradeFor,
} from "./helpers.ts";

const FUTURE_PROTOCOL = "hearthnet-bus.v99";
/** Statuses of a node that does not know WebSocket (core-websocket conflict "Refusal status"). */
const NO_WEBSOCKET = [426, 404, 405, 501] as const;

async function offering(context: CaseContext, protocols: readonly string[]): Promise<WsClient> {
  const socket = await upgradeFor(context, await context.actors.member(), anyStream(context), protocols);
  if (socket.handshake.upgraded) socket.abort();
  return socket;
}

/** The offered or supported names in a header that lists them. */
function listed(value: string | undefined): readonly string[] {
  return (value ?? "").split(",").map((name) => name.trim());
}

export const upgradeCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/websocket-upgrade-is-answered-101",
    requirement: "WSK-001",
    brokenBy: ["websocket-constant-accept"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { handshake } = await offering(context, [SUBPROTOCOL]);
      const { answer } = handshake;
      const connection = listed(header(answer, "connection")).map((name) => name.toLowerCase());
      must.all(
        status(answer, 101),
        holds(
          header(answer, "upgrade")?.toLowerCase() === "websocket",
          "header Upgrade: websocket",
          header(answer, "upgrade"),
          answer.exchange,
        ),
        holds(connection.includes("upgrade"), "header Connection: Upgrade", connection, answer.exchange),
        holds(
          handshake.acceptGot === handshake.acceptExpected,
          `Sec-WebSocket-Accept ${handshake.acceptExpected}`,
          handshake.acceptGot,
          answer.exchange,
        ),
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-subprotocol-is-named",
    requirement: "WSK-002",
    brokenBy: ["websocket-without-subprotocol"],
    effects: "none",
    async run(context) {
      const { answer, protocol } = (await offering(context, [SUBPROTOCOL])).handshake;
      context.must(status(answer, 101));
      context.must.hold(
        protocol === SUBPROTOCOL,
        `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
        protocol ?? "no such header",
        answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-subprotocol-is-chosen-from-a-list",
    requirement: "WSK-003",
    brokenBy: ["websocket-echoes-subprotocols"],
    effects: "none",
    async run(context) {
      const { answer, protocol } = (await offering(context, ["chat", SUBPROTOCOL, FUTURE_PROTOCOL])).handshake;
      context.must(status(answer, 101));
      context.must.hold(
        protocol === SUBPROTOCOL,
        `Sec-WebSocket-Protocol: ${SUBPROTOCOL} out of three offers`,
        protocol ?? "no such header",
        answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-unknown-subprotocol-is-refused",
    requirement: "WSK-004",
    brokenBy: ["websocket-takes-any-subprotocol"],
    effects: "none",
    async run(context) {
      context.must(status((await offering(context, [FUTURE_PROTOCOL])).handshake.answer, 426));
    },
  }),
  defineCase({
    id: "core/transport/websocket-refusal-lists-supported-versions",
    requirement: "WSK-005",
    brokenBy: ["websocket-refusal-without-versions"],
    effects: "none",
    async run(context) {
      const { answer } = (await offering(context, [FUTURE_PROTOCOL])).handshake;
      if (answer.status !== 426) context.inconclusive(`the offer was not refused with 426: ${describe(answer)}`);
      const hint = header(answer, "sec-websocket-protocol");
      context.should.hold(
        listed(hint).includes(SUBPROTOCOL),
        `${SUBPROTOCOL} in Sec-WebSocket-Protocol of the refusal`,
        hint ?? "no such header",
        answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-absence-is-said-in-http",
    requirement: "WSK-006",
    brokenBy: ["websocket-absence-drops-connection"],
    effects: "none",
    async run(context) {
      const { target, actors, should } = context;
      let { answer } = (await offering(context, [SUBPROTOCOL])).handshake;
      if (answer.status === 101) {
        if (!target.profile.features.has("websocket-option")) context.skip("the target has WebSocket support");
        await target.provision({ websocket: false });
        ({ answer } = (await offering(context, [SUBPROTOCOL])).handshake);
      }
      should(status(answer, ...NO_WEBSOCKET));
      if (answer.status !== 426) context.note(`refused with ${answer.status}, X06 §6.1 gives 426`);
      const probe = probeName(target.profile) ?? "";
      const member = await actors.member("bob");
      should(status(await target.busCall(member, probe, { body: minimalBody(target.profile, probe) }), 200));
    },
  }),
  defineCase({
    id: "core/transport/websocket-sync-is-not-upgradable",
    requirement: "WSK-008",
    brokenBy: ["websocket-on-every-route"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const call = anyStream(context);
      const headers = target.upgradeHeaders(await actors.member(), call.capability);
      const socket = await target.wsConnect("/sync/v1/events", { headers });
      socket.abort();
      const { answer } = socket.handshake;
      must.hold(answer.status !== 101, "any status but 101", describe(answer), answer.exchange);
    },
  }),
  defineCase({
    id: "core/transport/websocket-needs-a-streaming-capability",
    requirement: "WSK-009",
    brokenBy: ["websocket-upgrades-unary-silently"],
    effects: "none",
    async run(context) {
      const { target, actors, should } = context;
      const capability = probeName(target.profile) ?? "";
      const { params, input } = minimalBody(target.profile, capability) as { params: never; input: never };
      const call = { capability, params, input };
      const member = await actors.member();
      const socket = await upgradeFor(context, member, call);
      const { answer } = socket.handshake;
      if (!socket.handshake.upgraded) {
        should.hold(answer.status > 0, "an HTTP answer", describe(answer), answer.exchange);
        return;
      }
      context.note("a capability without streaming was upgraded");
      await say(socket, messageOf(context, member, call));
      const course = await collect(socket);
      socket.abort();
      const terminal = course.frames.filter(isTerminal).length;
      should.hold(
        terminal === 1 && course.frames.length === 1,
        "no upgrade, or exactly one done or error frame",
        courseText(course),
        answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-silent-client-gets-nothing",
    waitsMs: 1_000,
    requirement: "WSK-011",
    brokenBy: ["websocket-starts-from-headers"],
    effects: "none",
    async run(context) {
      const socket = await upgraded(context, await context.actors.member(), anyStream(context));
      // Long enough for what a node does at once, far below the 120 s after which it may close.
      const course = await collect(socket, { firstMs: SILENCE_MS });
      socket.abort();
      context.must.hold(course.frames.length === 0, "no message before the call", courseText(course), course.exchange);
    },
  }),
];
