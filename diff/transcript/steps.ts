/** Recorded exchanges as steps of a vector: what is sent again, and what names are learned from. */

import { type Json, tryParseJson } from "../../src/protocol/mod.ts";
import { ANSWER_DEADLINE_MS } from "../../src/runner/recorded/perform.ts";
import {
  type RecordedAnswer,
  recordedRequest,
  type RecordedStep,
  type RecordedTalk,
  type Recording,
} from "../../src/runner/recorded/step.ts";
import type { Observation } from "../observation.ts";
import type { PlannedStep } from "../plan.ts";
import type { RecordedExchange } from "./exchanges.ts";
import type { RecordedSocket } from "./sockets.ts";

/** Pauses of the tester shorter than this are its own pace and mean nothing. */
const LEAST_PAUSE_MS = 200;
/** Longest pause that is kept. */
const MAX_PAUSE_MS = 120_000;

/** A group of exchanges and what came back for each; `before` is the end of the exchange before it. */
export function stepOf(
  recording: Recording,
  group: readonly RecordedExchange[],
  answers: readonly Observation[],
  before: number | undefined,
): PlannedStep | undefined {
  const [first] = group;
  const last = group.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const looks = group.length > 1 && !group.some(({ together }) => together);
  const pause = before === undefined ? 0 : first.startedAt - before;
  const took = Math.max(...group.map(({ startedAt, endedAt }) => endedAt - startedAt));
  const frames = framesBeforeLeaving(last, answers.at(-1));
  const step: RecordedStep = {
    do: "recorded",
    recording,
    requests: group.map(({ sent, socket }, index) =>
      recordedRequest(socket?.request ?? sent, answerOf(answers[index] ?? answers.at(-1)))
    ),
    ...(looks ? { looks: true as const } : {}),
    ...(pause >= LEAST_PAUSE_MS ? { pause_ms: Math.min(Math.round(pause), MAX_PAUSE_MS) } : {}),
    ...(2 * took > ANSWER_DEADLINE_MS ? { deadline_ms: Math.round(2 * took) } : {}),
    ...(frames === undefined ? {} : { leave_after: frames }),
    ...(first.socket === undefined ? {} : { talk: talkOf(first.socket) }),
  };
  return { origin: `${recording.scope} exchange ${looks ? last.exchange : first.exchange}`, step };
}

/** What was said over a socket, in the words of a vector. */
export function talkOf({ said, heard, close }: RecordedSocket): RecordedTalk {
  return { said, heard: heard.length, closed: close !== undefined };
}

/** Frames after which the tester left a stream in the recording; undefined where it did not. */
export function framesBeforeLeaving(
  { end, socket }: RecordedExchange,
  answer: Observation | undefined,
): number | undefined {
  if (end !== "read" || socket !== undefined || answer?.frames === undefined || answer.end !== "closed") {
    return undefined;
  }
  return answer.frames.length;
}

function answerOf(seen: Observation | undefined): RecordedAnswer {
  if (seen === undefined) return { status: 0 };
  const value = seen.frames === undefined ? tryParseJson(seen.body) : undefined;
  const frames = seen.frames?.map(({ data }): Json => data ?? null);
  return {
    status: seen.status,
    ...(value === undefined ? {} : { value }),
    ...(frames === undefined ? {} : { frames }),
  };
}
