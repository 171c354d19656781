/** What one side did at one step, as data: everything the comparison looks at. */

import {
  decodeToken,
  fromUtf8Lossy,
  isNodeId,
  isObject,
  type Json,
  type JsonObject,
  responseSignatureCovers,
  tryParseJson,
  verifyDocument,
  verifyToken,
} from "../src/protocol/mod.ts";
import type { StepAnswer } from "../src/runner/vector_steps.ts";
import {
  type ConnectionEnd,
  DEFAULT_LIMITS,
  type HeaderList,
  headerOf,
  type HttpAnswer,
  type WireFailureKind,
} from "../src/wire/mod.ts";
import { SseParser } from "../src/wire/mod.ts";
import { formOf, opened } from "../src/protocol/forms.ts";
import { readMetrics } from "./metrics_text.ts";

/** A frame of a stream or a message of a WebSocket. */
export interface ObservedFrame {
  readonly event: string;
  /** Strict JSON of the data; undefined if it is none. */
  readonly data: Json | undefined;
  /** Text as received, for bytes. */
  readonly text: string;
}

/** Whether a signature holds and over what. */
export type SignatureVerdict = "envelope" | "body" | "valid" | "invalid" | "absent";

/** See the module comment. */
export interface Observation {
  /** Why nothing was sent: an actor could not be had. */
  readonly unsent?: string;
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  /** The body as strict JSON; undefined if it is none. */
  readonly value: Json | undefined;
  readonly frames: readonly ObservedFrame[] | undefined;
  /** Something was taken out of the value, so that it no longer is what the bytes say. */
  readonly partial?: boolean;
  /** Close code of a WebSocket. */
  readonly close: number | undefined;
  readonly end: ConnectionEnd;
  readonly failure: WireFailureKind | undefined;
  readonly outcomes: readonly number[] | undefined;
  /** Milliseconds the calls behind `outcomes` took together. */
  readonly spanMs?: number;
  /** Milliseconds for which the tester itself was held up meanwhile. */
  readonly heldMs?: number;
  /** Sums of the histograms of a metrics text, by name. */
  readonly sums?: ReadonlyMap<string, number>;
  /** Milliseconds from the first byte sent to the last received. */
  readonly ms: number;
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
  /** Verdicts by path; `header` is that of the answer. */
  readonly signatures: ReadonlyMap<string, SignatureVerdict>;
}

/** Bytes of one answer that are kept. */
const MAX_KEPT = 262_144;
/** Signatures judged in one answer: verification takes 47 µs each. */
const MAX_SIGNATURES = 600;
const MAX_DEPTH = 24;

/** What a side would have observed had it sent nothing. */
export function unsent(why: string): Observation {
  return {
    unsent: why,
    status: 0,
    reason: "",
    version: "",
    headers: [],
    body: new Uint8Array(0),
    value: undefined,
    frames: undefined,
    close: undefined,
    end: "closed",
    failure: undefined,
    outcomes: undefined,
    ms: 0,
    sent: new Uint8Array(0),
    received: new Uint8Array(0),
    signatures: new Map(),
  };
}

/** Reads an answer. */
export function observe({ answer, messages, close, outcomes, spanMs }: StepAnswer): Observation {
  const type = headerOf(answer, "content-type") ?? "";
  const streamed = type.toLowerCase().startsWith("text/event-stream");
  const json = streamed ? undefined : tryParseJson(answer.body);
  const metrics = streamed || json !== undefined ? undefined : readMetrics(type, answer.body);
  const value = json ?? metrics?.value;
  const frames = messages !== undefined
    ? messages.map(({ payload }) => messageFrame(payload))
    : streamed
    ? sseFrames(answer.body)
    : undefined;
  const signatures = new Map<string, SignatureVerdict>();
  if (answer.head !== undefined) signatures.set("header", answerSignature(answer, value));
  judgeSignatures(value, "", signatures, 0);
  frames?.forEach(({ data }, index) => judgeSignatures(data, `frames.${index}`, signatures, 0));
  return {
    status: answer.status,
    reason: answer.head?.reason ?? "",
    version: answer.head?.version ?? "",
    headers: answer.head?.headers ?? [],
    body: kept(answer.body),
    value,
    frames,
    close: close?.code,
    end: answer.end,
    failure: answer.failure?.kind,
    outcomes,
    ...(spanMs === undefined ? {} : { spanMs }),
    ...(metrics === undefined ? {} : { sums: metrics.sums }),
    ms: answer.endedAt - answer.startedAt,
    sent: kept(answer.sent),
    received: kept(answer.received),
    signatures,
  };
}

/** The beginning of large bytes, copied so that the rest can go. */
function kept(bytes: Uint8Array): Uint8Array {
  return bytes.length <= MAX_KEPT ? bytes : bytes.slice(0, MAX_KEPT);
}

function sseFrames(body: Uint8Array): ObservedFrame[] {
  const parser = new SseParser(DEFAULT_LIMITS);
  return parser.feed({ bytes: body, at: 0 }).map(({ event, data, raw }) => ({
    event,
    data: tryParseJson(data),
    text: fromUtf8Lossy(raw),
  }));
}

function messageFrame(payload: Uint8Array): ObservedFrame {
  const data = tryParseJson(payload);
  const event = isObject(data) && typeof data.event === "string" ? data.event : "message";
  return { event, data, text: fromUtf8Lossy(payload) };
}

function answerSignature(answer: HttpAnswer, value: Json | undefined): SignatureVerdict {
  const signature = headerOf(answer, "x-hearthnet-signature");
  if (signature === undefined) return "absent";
  const envelope = {
    request_id: headerOf(answer, "x-hearthnet-request-id") ?? "",
    from: headerOf(answer, "x-hearthnet-from") ?? "",
    timestamp: headerOf(answer, "x-hearthnet-timestamp") ?? "",
    body: value ?? null,
  };
  return responseSignatureCovers(envelope, signature) ?? "invalid";
}

/** Members that name the signer of a document, the most telling first. */
const SIGNERS = ["author", "inviter_node_id", "node_id", "community_id"] as const;

function judgeSignatures(
  value: Json | undefined,
  path: string,
  into: Map<string, SignatureVerdict>,
  depth: number,
): void {
  if (depth > MAX_DEPTH || into.size >= MAX_SIGNATURES || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => judgeSignatures(item, `${path}.${index}`, into, depth + 1));
    return;
  }
  if (typeof value.signature === "string") into.set(path, documentSignature(value));
  for (const [name, item] of Object.entries(value)) {
    if (typeof item === "string" && formOf(item) === "invite") {
      judgeSignatures(opened(item), path === "" ? name : `${path}.${name}`, into, depth + 1);
    }
    if (typeof item === "string" && formOf(item) === "token") {
      into.set(path === "" ? name : `${path}.${name}`, tokenSignature(item));
    }
    if (typeof item === "object") judgeSignatures(item, path === "" ? name : `${path}.${name}`, into, depth + 1);
  }
}

function tokenSignature(text: string): SignatureVerdict {
  try {
    return verifyToken(decodeToken(text)) ? "valid" : "invalid";
  } catch {
    return "invalid";
  }
}

function documentSignature(value: JsonObject): SignatureVerdict {
  const candidates = new Set<string>(SIGNERS.flatMap((name) => isNodeId(value[name]) ? [String(value[name])] : []));
  // A community manifest may be signed by any anchor, and does not say by whom (wire-format.md section 10).
  if (Array.isArray(value.members)) {
    for (const member of value.members) {
      if (isObject(member) && member.level === "anchor" && isNodeId(member.node_id)) candidates.add(member.node_id);
    }
  }
  for (const id of candidates) if (verifyDocument(id, value)) return "valid";
  return "invalid";
}
