/** `GET /pubsub/v1/subscribe` as a long poll (wire-format.md section 13). */

import { type NodeCore, NodeError } from "../core.ts";
import { jsonAnswer, type PlainAnswer } from "./answer.ts";
import type { Client } from "./call.ts";
import type { HttpRequest } from "./request_reader.ts";

const MS_PER_SECOND = 1000;
/** Longest topic that is looked up. */
const MAX_TOPIC_CHARACTERS = 256;

/** The topic of a subscription; local ones look like topics on which nothing ever happens. */
export function topicOf(core: NodeCore, request: HttpRequest): string {
  const topic = request.query.get("topic") ?? "";
  if (topic === "" && core.rules.requireTopic) throw new NodeError("bad_request", "Cannot subscribe: topic is missing");
  if (topic.length > MAX_TOPIC_CHARACTERS) throw new NodeError("bad_request", "Cannot subscribe: topic is too long");
  return core.rules.localTopics.includes(topic) ? "" : topic;
}

/** A sequence number of the query by its first present name; undefined if none is given. */
export function seqOf(request: HttpRequest, ...names: string[]): number | undefined {
  for (const name of names) {
    const text = request.query.get(name);
    if (text === null || text === "") continue;
    if (!/^\d{1,15}$/.test(text)) throw new NodeError("bad_request", `Cannot subscribe: ${name} is no sequence number`);
    return Number(text);
  }
  return undefined;
}

/**
 * Waits for the next message of a topic; `{"timeout":true}` if none comes.
 *
 * @throws {NodeError} `bad_request` if the query is malformed.
 */
export async function subscribe(core: NodeCore, request: HttpRequest, client: Client): Promise<PlainAnswer> {
  const topic = topicOf(core, request);
  const lastSeq = seqOf(request, "last_seq", "since_seq");
  const seconds = Number(request.query.get("timeout") ?? core.rules.pollSeconds);
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new NodeError("bad_request", "Cannot subscribe: timeout is no number of seconds");
  }
  const left = new AbortController();
  const leave = () => left.abort();
  const forget = client.onClosed(leave);
  if (core.rules.endsPollsAtStop) core.leaving.addEventListener("abort", leave, { once: true });
  const waitMs = Math.min(seconds, core.rules.maxPollSeconds) * MS_PER_SECOND;
  const message = await core.topics.next(topic, lastSeq, waitMs, left.signal);
  forget();
  core.leaving.removeEventListener("abort", leave);
  return jsonAnswer(
    200,
    message === undefined ? { timeout: true } : { topic: message.topic, seq: message.seq, payload: message.payload },
  );
}
