/**
 * A step of a vector that repeats what a transcript holds: the bytes of one case, sent to another node under the names
 * that hold there. Bytes are those of the recording but for ids, times, and signatures that were right and stay right.
 */

import { base64url, fromUtf8, type Json, utf8 } from "../../protocol/mod.ts";
import type { ActorLevel } from "../vector_steps.ts";

/** The recorded case as far as every step of it needs to know. */
export interface Recording {
  /** Id of the case. */
  readonly scope: string;
  /** Seed of the recorded run. */
  readonly seed: number;
  /** Wall clock at the start of the case, in milliseconds since the epoch. */
  readonly began: number;
  /** Names of the recorded node; absent where the recording does not tell. */
  readonly node_id?: string;
  readonly community_id?: string;
  /** Ids whose keys the tester held. */
  readonly signers: readonly string[];
  /** Those of them that were members before the case began, with the level they had. */
  readonly members: { readonly [id: string]: ActorLevel };
  /** Where the log stood when the case began, if it looked. */
  readonly head?: number;
}

/** What the recorded node answered, as far as names are learned from it. */
export interface RecordedAnswer {
  readonly status: number;
  readonly value?: Json;
  /** Data of the frames of a stream, or of the messages of a WebSocket. */
  readonly frames?: readonly Json[];
}

/** One request as it was sent: text, or base64url of bytes that are no text. */
export interface RecordedRequest {
  readonly text?: string;
  readonly base64?: string;
  readonly answer: RecordedAnswer;
}

/** What was said over a WebSocket after its upgrade. */
export interface RecordedTalk {
  /** Texts of the tester, and how many messages it had heard before each. */
  readonly said: readonly { readonly text: string; readonly after: number }[];
  /** Messages heard in all. */
  readonly heard: number;
  /** The node closed. */
  readonly closed: boolean;
}

/** See the module comment. */
export interface RecordedStep {
  readonly do: "recorded";
  readonly recording: Recording;
  /** Several were made at once, or one after the other until something had come about. */
  readonly requests: readonly RecordedRequest[];
  /** The requests are looks at one thing, repeated until the answer has the recorded form. */
  readonly looks?: true;
  /** Milliseconds the tester waited before it. */
  readonly pause_ms?: number;
  /** Milliseconds an answer may take, where the recorded one took long. */
  readonly deadline_ms?: number;
  /** The tester left the stream after so many frames. */
  readonly leave_after?: number;
  readonly talk?: RecordedTalk;
}

/** A request as a vector holds it. */
export function recordedRequest(sent: Uint8Array, answer: RecordedAnswer): RecordedRequest {
  try {
    const text = fromUtf8(sent);
    return { text, answer };
  } catch {
    return { base64: base64url(sent), answer };
  }
}

/** The bytes of a request. */
export function requestBytes({ text, base64 }: RecordedRequest): Uint8Array {
  return text === undefined ? Uint8Array.fromBase64(base64 ?? "", { alphabet: "base64url" }) : utf8(text);
}

/** What is wrong with a recorded step as read from a file; undefined if nothing is. */
export function recordedMistake(step: { readonly [member: string]: unknown }): string | undefined {
  const { recording, requests, talk } = step as Partial<RecordedStep>;
  if (typeof recording !== "object" || recording === null) return "recording is missing";
  const { scope, seed, began, signers, members } = recording;
  if (typeof scope !== "string" || typeof seed !== "number" || typeof began !== "number") {
    return "recording needs scope, seed and began";
  }
  if (!Array.isArray(signers) || typeof members !== "object" || members === null) {
    return "recording needs signers and members";
  }
  if (!Array.isArray(requests) || requests.length === 0) return "requests must be a non-empty list";
  for (const request of requests as readonly Partial<RecordedRequest>[]) {
    const bytes = request?.text ?? request?.base64;
    if (typeof bytes !== "string" || typeof request.answer?.status !== "number") {
      return "requests need text or base64, and the answer with its status";
    }
    if (request.text === undefined && !/^[A-Za-z0-9_-]*$/.test(bytes)) return "requests.base64 is no base64url";
  }
  if (talk !== undefined && !Array.isArray(talk.said)) return "talk.said must be a list";
  return undefined;
}
