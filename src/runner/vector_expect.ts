/**
 * What an answer of a vector must be like, and judging it. Values that no two nodes share (times, names, signatures)
 * are stated as relations: so many seconds after another member, the same as a header of the request, a signature that
 * holds.
 */

import { describe, equals, errorCode, header, holds, json, matches, of, status, type Verdict } from "../check/mod.ts";
import {
  fromUtf8Lossy,
  isNodeId,
  isObject,
  type Json,
  type JsonObject,
  parseTimestamp,
  responseSignatureCovers,
  tryParseJson,
  verifyDocument,
} from "../protocol/mod.ts";
import { DEFAULT_LIMITS, type HttpAnswer, SseParser } from "../wire/mod.ts";
import { substitute, valueAt } from "./vector_steps.ts";

/** What one answer must be like; every stated part must hold. */
export interface VectorExpectation {
  readonly step: number;
  readonly status?: readonly number[];
  readonly error?: readonly string[];
  /** Path into the JSON answer; the words below judge what is there. */
  readonly path?: string;
  /** Look for `path` in the data of the frame with this index instead. */
  readonly frame?: number;
  /** Judge this header of the answer instead of a path. */
  readonly header?: string;
  readonly equals?: Json;
  readonly matches?: string;
  /** Whether there is anything at all. */
  readonly present?: boolean;
  /** Items of the list. */
  readonly length?: number;
  /** JSON type. */
  readonly type?: string;
  /** Path of a number or a time that is subtracted first; times count in seconds. `equals` judges the difference. */
  readonly minus?: string;
  /** How far the difference may lie from `equals`, default 0. */
  readonly within?: number;
  /** Header of the request whose value is repeated. */
  readonly echoes?: string;
  /** A signature that holds: `answer` for that of the answer, otherwise the path of a document, `""` for the whole. */
  readonly signed?: string;
  /** Names of the events of the stream, in order. */
  readonly frames?: readonly string[];
}

/** JSON types a `type` may name. */
const TYPES: readonly string[] = ["null", "boolean", "number", "string", "array", "object"];
const MS_PER_SECOND = 1000;

/** What is wrong with an expectation as read from a file; undefined if nothing is. */
export function expectationMistake(entry: JsonObject, steps: number): string | undefined {
  const { step, matches: pattern, type } = entry;
  if (typeof step !== "number" || !Number.isInteger(step) || step < 0 || step >= steps) return "step names no step";
  if (pattern !== undefined) {
    try {
      new RegExp(String(pattern));
    } catch {
      return "matches is no pattern";
    }
  }
  for (const name of ["path", "header", "minus", "echoes", "signed"] as const) {
    if (entry[name] !== undefined && typeof entry[name] !== "string") return `${name} must be a text`;
  }
  for (const name of ["frame", "length", "within"] as const) {
    if (entry[name] !== undefined && typeof entry[name] !== "number") return `${name} must be a number`;
  }
  if (entry.present !== undefined && typeof entry.present !== "boolean") return "present must be true or false";
  if (type !== undefined && !TYPES.some((one) => one === type)) return `type must be one of ${TYPES.join(", ")}`;
  for (const name of ["status", "error", "frames"] as const) {
    if (entry[name] !== undefined && !Array.isArray(entry[name])) return `${name} must be a list`;
  }
  return undefined;
}

/** The expectation with what was learned put in. */
export function substituteExpectation(
  expected: VectorExpectation,
  learned: ReadonlyMap<string, Json>,
): VectorExpectation {
  return expected.equals === undefined ? expected : { ...expected, equals: substitute(expected.equals, learned) };
}

/** The first part that does not hold. */
export function judgeExpectation(answer: HttpAnswer, expected: VectorExpectation): Verdict {
  if (expected.status !== undefined) {
    const wrong = status(answer, ...expected.status);
    if (wrong !== undefined) return wrong;
  }
  if (expected.error !== undefined) {
    const code = errorCode(answer);
    const known = code !== undefined && expected.error.includes(code);
    const wrong = holds(known, `error ${expected.error.join(" or ")}`, describe(answer));
    if (wrong !== undefined) return of(answer, wrong);
  }
  if (expected.frames !== undefined) {
    const wrong = equals(framesOf(answer).map(({ event }) => event), expected.frames, "events of the stream");
    if (wrong !== undefined) return of(answer, wrong);
  }
  if (expected.signed !== undefined) {
    const held = expected.signed === "answer" ? answerSigned(answer) : documentSigned(answer, expected.signed);
    const what = expected.signed === "answer" ? "the answer" : `the document at "${expected.signed}"`;
    const wrong = holds(held, `${what} has a signature that holds`, describe(answer));
    if (wrong !== undefined) return of(answer, wrong);
  }
  if (expected.header !== undefined) {
    return of(answer, judgeValue(header(answer, expected.header), expected, `header ${expected.header}`, answer));
  }
  if (expected.path === undefined) return undefined;
  const root = documentOf(answer, expected.frame);
  const value = valueAt(root, expected.path);
  if (expected.minus === undefined) return of(answer, judgeValue(value, expected, expected.path, answer));
  return of(answer, judgeDifference(value, valueAt(root, expected.minus), expected));
}

function judgeValue(value: Json | undefined, expected: VectorExpectation, what: string, answer: HttpAnswer): Verdict {
  if (expected.present !== undefined) {
    const wrong = holds(
      (value !== undefined) === expected.present,
      `${what} is ${expected.present ? "there" : "not there"}`,
      value ?? "absent",
    );
    if (wrong !== undefined) return wrong;
  }
  if (expected.type !== undefined) {
    const wrong = equals(typeOf(value), expected.type, `type of ${what}`);
    if (wrong !== undefined) return wrong;
  }
  if (expected.length !== undefined) {
    const wrong = equals(Array.isArray(value) ? value.length : typeOf(value), expected.length, `items of ${what}`);
    if (wrong !== undefined) return wrong;
  }
  if (expected.echoes !== undefined) {
    const wrong = equals(value ?? null, sentHeader(answer, expected.echoes) ?? null, what);
    if (wrong !== undefined) return wrong;
  }
  if (expected.matches !== undefined) return matches(value, new RegExp(expected.matches), what);
  const judged = ["present", "type", "length", "echoes"].some((word) => word in expected);
  return expected.equals === undefined && judged ? undefined : equals(value ?? null, expected.equals ?? null, what);
}

function judgeDifference(value: Json | undefined, from: Json | undefined, expected: VectorExpectation): Verdict {
  const what = `${expected.path} minus ${expected.minus}`;
  const [a, b] = [quantity(value), quantity(from)];
  if (a === undefined || b === undefined) return holds(false, `${what}: two numbers or two times`, [value, from]);
  const wanted = typeof expected.equals === "number" ? expected.equals : 0;
  const { within = 0 } = expected;
  const tolerance = within === 0 ? "" : ` within ${within}`;
  return holds(Math.abs(a - b - wanted) <= within, `${what} is ${wanted}${tolerance}`, a - b);
}

/** A number as it is, a time in seconds since the epoch. */
export function quantity(value: Json | undefined): number | undefined {
  if (typeof value === "number") return value;
  const ms = typeof value === "string" ? parseTimestamp(value) : undefined;
  return ms === undefined ? undefined : ms / MS_PER_SECOND;
}

function typeOf(value: Json | undefined): string {
  if (value === undefined) return "absent";
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function documentOf(answer: HttpAnswer, frame: number | undefined): Json | undefined {
  if (frame !== undefined) return tryParseJson(framesOf(answer)[frame]?.data ?? "");
  const checked = json(answer);
  return "value" in checked ? checked.value : undefined;
}

function framesOf({ body }: HttpAnswer) {
  return new SseParser(DEFAULT_LIMITS).feed({ bytes: body, at: 0 });
}

function sentHeader({ sent }: HttpAnswer, name: string): string | undefined {
  const head = fromUtf8Lossy(sent).split("\r\n\r\n")[0] ?? "";
  const line = head.split("\r\n").find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}

function answerSigned(answer: HttpAnswer): boolean {
  const envelope = {
    request_id: header(answer, "x-hearthnet-request-id") ?? "",
    from: header(answer, "x-hearthnet-from") ?? "",
    timestamp: header(answer, "x-hearthnet-timestamp") ?? "",
    body: tryParseJson(answer.body) ?? null,
  };
  return responseSignatureCovers(envelope, header(answer, "x-hearthnet-signature")) !== undefined;
}

/** Members that name the signer of a document; a community manifest may be signed by any anchor. */
const SIGNERS = ["author", "inviter_node_id", "node_id", "community_id"] as const;

function documentSigned(answer: HttpAnswer, path: string): boolean {
  const root = documentOf(answer, undefined);
  const value = path === "" ? root : valueAt(root, path);
  if (!isObject(value)) return false;
  const members = Array.isArray(value.members) ? value.members : [];
  const anchors = members.flatMap((one) => isObject(one) && one.level === "anchor" ? [one.node_id] : []);
  const candidates = [...SIGNERS.map((name) => value[name]), ...anchors];
  return candidates.some((id) => isNodeId(id) && verifyDocument(id, value));
}
