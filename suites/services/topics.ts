/** Reading topics message by message. wire-format.md section 13. */

import { isObject, type JsonObject, tryParseJson } from "../../src/protocol/mod.ts";
import type { CaseContext } from "../../src/runner/case.ts";
import { topicPayload, topicSeq } from "../../src/target/observer.ts";
import type { HttpAnswer } from "../../src/wire/mod.ts";

/** Messages of others that are passed over before the wanted one. */
const MAX_PASSED_OVER = 100;

/** A message of a topic. */
export interface TopicMessage {
  readonly payload: JsonObject;
  readonly seq: number;
  readonly answer: HttpAnswer;
}

/** The next message above a sequence number; undefined if none comes within the seconds. */
export async function nextMessage(
  { target }: CaseContext,
  topic: string,
  after: number,
  seconds: number,
): Promise<TopicMessage | undefined> {
  const answer = await target.poll(topic, { lastSeq: after, timeout: seconds });
  const value = tryParseJson(answer.body);
  const payload = answer.status === 200 ? topicPayload(value) : undefined;
  if (!isObject(payload)) return undefined;
  // Targets that give no number are taken to count from 1 (core-transport conflict on the shape of the answer).
  return { payload, seq: topicSeq(value) ?? after + 1, answer };
}

/** Sequence number of the last message a topic keeps; 0 if it keeps none. */
export async function endOf(context: CaseContext, topic: string): Promise<number> {
  let seq = 0;
  for (let i = 0; i < MAX_PASSED_OVER; i++) {
    const message = await nextMessage(context, topic, seq, 0);
    if (message === undefined || message.seq <= seq) break;
    seq = message.seq;
  }
  return seq;
}

/** The first message above a sequence number that satisfies the predicate; undefined if none comes in time. */
export async function messageAfter(
  context: CaseContext,
  topic: string,
  after: number,
  seconds: number,
  wanted: (payload: JsonObject) => boolean,
): Promise<TopicMessage | undefined> {
  let seq = after;
  for (let i = 0; i < MAX_PASSED_OVER; i++) {
    const message = await nextMessage(context, topic, seq, seconds);
    if (message === undefined || wanted(message.payload)) return message;
    seq = message.seq;
  }
  return undefined;
}
