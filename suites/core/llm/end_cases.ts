/** Generations that do not run to their end: cancelled, broken, too slow. X06 §4.2; M04 §5. */

import { describe, holds, member, of, oneOf } from "../../../src/check/mod.ts";
import { ADDITIVE_STATUS, BASE_STATUS } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { ask, chat, COUNT, frameNames, isTerminal, isToken, refusalOf, STORY, streamed } from "./helpers.ts";
import { onSocket, type SocketFrame, type SocketStream } from "./socket.ts";

/** Tokens of an answer that is never read to its end. */
const ENDLESS = 1000;
/** 200 ms of the rule and 300 ms for the network and a busy machine. */
const CANCEL_WITHIN_MS = 500;
/** Time to wait for a terminal frame that is late, in milliseconds. */
const LATE_MS = 3_000;
/** Time for what a node may send after the terminal frame, in milliseconds. */
const AFTERWARDS_MS = 100;
/** Deadline of a generation whose backend hangs, in milliseconds. */
const SHORT_DEADLINE_MS = 400;
/** Time for a timeout to be told after that, in milliseconds. */
const TIMEOUT_WITHIN_MS = 3_000;

interface Cancelled {
  readonly stream: SocketStream;
  /** `mono()` when the cancel was sent. */
  readonly sentAt: number;
  readonly terminal: SocketFrame | undefined;
}

/** Cancels a long chat after its first token and reads to the terminal frame. */
async function cancelled(context: CaseContext): Promise<Cancelled> {
  const stream = await onSocket(context, chat(context), ask(STORY, { max_tokens: ENDLESS, stream: true }));
  const begin = await stream.until(isToken);
  if (begin === undefined || isTerminal(begin)) return context.inconclusive(`no token came: ${stream.shown}`);
  const sentAt = context.target.mono();
  await stream.say({ type: "cancel" });
  let terminal: SocketFrame | undefined;
  for (let frame = await stream.next(LATE_MS); frame !== undefined; frame = await stream.next(LATE_MS)) {
    if (isTerminal(frame)) {
      terminal = frame;
      break;
    }
    if (frame.at - sentAt > LATE_MS) break;
  }
  return { stream, sentAt, terminal };
}

export const endCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/cancel-ends-the-stream-soon",
    requirement: "LLM-028",
    brokenBy: ["cancel-closes-silently"],
    effects: "none",
    timed: true,
    async run(context) {
      const { stream, sentAt, terminal } = await cancelled(context);
      const { must } = context;
      must.hold(terminal !== undefined, "done or error after a cancel", stream.shown, stream.exchange);
      const ms = Math.round((terminal?.at ?? Infinity) - sentAt);
      must.hold(ms <= CANCEL_WITHIN_MS, `done or error within ${CANCEL_WITHIN_MS} ms`, `${ms} ms`, stream.exchange);
      const later = await stream.next(AFTERWARDS_MS);
      must.hold(later === undefined, "no frame after the terminal one", later?.event, stream.exchange);
      await stream.close();
    },
  }),
  defineCase({
    id: "core/llm/cancelled-stream-says-so",
    requirement: "LLM-029",
    brokenBy: ["cancelled-reported-as-end"],
    effects: "none",
    async run(context) {
      const { stream, terminal } = await cancelled(context);
      await stream.close();
      if (terminal === undefined) return context.inconclusive(`no terminal frame came: ${stream.shown}`);
      if (terminal.event === "error") return context.note("the cancelled stream ends with an error frame");
      const { stop_reason: reason } = terminal.data;
      context.should(of({ exchange: stream.exchange }, oneOf(reason, ["cancelled"], "stop_reason")));
    },
  }),
  defineCase({
    id: "core/llm/broken-backend-ends-in-error",
    requirement: "LLM-036",
    brokenBy: ["broken-backend-reported-as-done"],
    effects: "none",
    async run(context) {
      await context.target.provision({ backendFault: "fail" });
      const { answer, frames } = await streamed(context, chat(context), ask(COUNT, { stream: true }));
      if (frames.length === 0) return context.inconclusive(`the stream did not begin: ${describe(answer)}`);
      const last = frames.at(-1);
      const code = member(last?.json, "error") ?? member(last?.json, "code");
      const known = typeof code === "string" && (code in BASE_STATUS || code in ADDITIVE_STATUS);
      context.must.all(
        of(answer, holds(last?.event === "error", "a stream that ends with error", frameNames(frames))),
        of(answer, holds(known, "a contract error code", last?.data)),
      );
    },
  }),
  defineCase({
    id: "core/llm/late-generation-is-a-timeout",
    requirement: "LLM-037",
    brokenBy: ["generation-without-deadline"],
    effects: "none",
    timed: true,
    async run(context) {
      const { target, actors, must } = context;
      await target.provision({ backendFault: "hang", generationDeadlineMs: SHORT_DEADLINE_MS });
      const { name, version, params } = chat(context);
      const { answer, sse } = await target.stream(await actors.member(), name, ask(COUNT, { stream: true }), {
        version,
        params,
        deadlineMs: SHORT_DEADLINE_MS + TIMEOUT_WITHIN_MS,
      });
      const { code, text, status } = refusalOf(answer, sse?.frames ?? []);
      must.hold(code === "timeout", "error timeout when the deadline has passed", text, answer.exchange);
      must.hold(sse !== undefined || status === 408, "status 408 or an error frame", text, answer.exchange);
    },
  }),
];
