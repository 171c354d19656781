/** What takes minutes: the idle limit and the pings of the node. */

import { describe, holds } from "../../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import { OPCODE, WireError, type WsClient } from "../../../../src/wire/mod.ts";
import { firstWindow, longStream, started } from "./helpers.ts";

/** Milliseconds after the last message within which an idle connection is closed (WSK-039). */
const IDLE_MIN_MS = 115_000;
const IDLE_MAX_MS = 150_000;
/** Time to look for two pings in milliseconds (WSK-040). */
const PING_WATCH_MS = 70_000;
const PINGS = 2;
const NORMAL_CLOSE = 1000;

/** A connection on which nothing more will come: a subscription, else a stream that waits for acknowledgements. */
async function quietConnection(context: CaseContext): Promise<{ socket: WsClient; lastAt: number }> {
  const { target, actors } = context;
  const member = await actors.member();
  if (target.profile.pubsub) {
    const headers = target.upgradeHeaders(member, "pubsub.subscribe", { version: "1.0" });
    const topic = `hearthproof.quiet.${target.id().toLowerCase()}`;
    const socket = await target.wsConnect(`/pubsub/v1/subscribe?topic=${topic}`, { headers });
    if (socket.handshake.upgraded) return { socket, lastAt: target.mono() };
  }
  const socket = await started(context, member, await longStream(context));
  const { frames, closed } = await firstWindow(socket);
  if (closed !== undefined) context.inconclusive("no connection stays open without messages");
  return { socket, lastAt: frames.at(-1)?.at ?? target.mono() };
}

/** Reads until the connection closes or the time is over; how it closed, if it did. */
async function watch(socket: WsClient, ms: number) {
  try {
    return await socket.untilClosed(ms);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

export const timeCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/websocket-idle-connection-is-closed",
    requirement: "WSK-039",
    brokenBy: ["websocket-never-idle"],
    effects: "writes",
    timed: true,
    async run(context) {
      const { socket, lastAt } = await quietConnection(context);
      const closed = await watch(socket, IDLE_MAX_MS);
      socket.abort();
      const { exchange } = socket.handshake.answer;
      const after = closed === undefined ? Infinity : Math.round(closed.at - lastAt);
      context.must.all(
        holds(closed !== undefined, "a close within 150 s", "still open", exchange),
        holds(closed?.code === NORMAL_CLOSE, "close code 1000", `code ${closed?.code}`, exchange),
        holds(
          after >= IDLE_MIN_MS && after <= IDLE_MAX_MS,
          "a close 115 to 150 s after the last message",
          `${after} ms`,
          exchange,
        ),
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-node-pings",
    requirement: "WSK-040",
    brokenBy: ["websocket-never-pings"],
    effects: "writes",
    timed: true,
    async run(context) {
      const { socket } = await quietConnection(context);
      const closed = await watch(socket, PING_WATCH_MS);
      socket.abort();
      const { answer } = socket.handshake;
      const pings = socket.control.filter(({ opcode }) => opcode === OPCODE.ping).length;
      if (closed !== undefined && pings < PINGS) context.inconclusive(`the node closed with ${closed.code}`);
      context.should.hold(
        pings >= PINGS,
        "two pings within 70 s",
        `${pings} pings, ${describe(answer)}`,
        answer.exchange,
      );
    },
  }),
];
