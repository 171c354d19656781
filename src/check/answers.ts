/** Matchers and extractors on HTTP answers. They look at shapes only, so they need nothing of the wire layer. */

import { BASE_STATUS, isObject, type Json, type JsonObject, statusOf, tryParseJson } from "../protocol/mod.ts";
import { fromUtf8Lossy } from "../protocol/mod.ts";
import { type Checked, type Difference, holds, of, shown, type Verdict } from "./difference.ts";

/** What these matchers need to know of an answer; `status` 0 means that none came. */
export interface AnswerView {
  readonly exchange: number;
  readonly status: number;
  readonly head?: { readonly headers: readonly (readonly [string, string])[] };
  readonly body: Uint8Array;
  readonly failure?: { readonly kind: string; readonly message: string };
}

/** Longest piece of a body that is quoted, in characters. */
const MAX_QUOTE = 200;

/** An answer in a few words. */
export function describe(answer: AnswerView): string {
  if (answer.status === 0) return `no answer (${answer.failure?.message ?? "nothing was received"})`;
  const text = fromUtf8Lossy(answer.body.subarray(0, MAX_QUOTE));
  const cut = answer.body.length > MAX_QUOTE ? "…" : "";
  const broken = answer.failure === undefined ? "" : ` (${answer.failure.message})`;
  return `${answer.status} ${text}${cut}${broken}`;
}

/** The first value of a header, matched without regard to case. */
export function header(answer: AnswerView, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return answer.head?.headers.find(([n]) => n.toLowerCase() === wanted)?.[1];
}

/** The status is one of the given ones. */
export function status(answer: AnswerView, ...allowed: readonly number[]): Verdict {
  return of(answer, holds(allowed.includes(answer.status), `status ${allowed.join(" or ")}`, describe(answer)));
}

/** The status is none of the 5xx and an answer came. */
export function noServerError(answer: AnswerView): Verdict {
  return of(answer, holds(answer.status > 0 && answer.status < 500, "an answer below status 500", describe(answer)));
}

/** The media type of an answer without parameters, lower case. */
export function mediaType(answer: AnswerView): string | undefined {
  return header(answer, "content-type")?.split(";")[0]?.trim().toLowerCase();
}

/** The media type is the given one; parameters are ignored. */
export function hasMediaType(answer: AnswerView, expected: string): Verdict {
  return of(answer, holds(mediaType(answer) === expected, `Content-Type ${expected}`, header(answer, "content-type")));
}

/** The body as a strict JSON value. */
export function json(answer: AnswerView): Checked<Json> {
  const value = answer.failure === undefined ? tryParseJson(answer.body) : undefined;
  return value === undefined
    ? { difference: { expected: "a JSON body", observed: describe(answer), exchange: answer.exchange } }
    : { value };
}

/** The body as a JSON object. */
export function jsonObject(answer: AnswerView): Checked<JsonObject> {
  const checked = json(answer);
  if ("difference" in checked) return checked;
  return isObject(checked.value)
    ? { value: checked.value }
    : { difference: { expected: "a JSON object", observed: describe(answer), exchange: answer.exchange } };
}

/** The body of a 200 answer as a JSON object. */
export function okObject(answer: AnswerView): Checked<JsonObject> {
  const wrong = status(answer, 200);
  return wrong === undefined ? jsonObject(answer) : { difference: wrong };
}

/** `output` of a successful unary call. */
export function output(answer: AnswerView): Checked<JsonObject> {
  const body = okObject(answer);
  if ("difference" in body) return body;
  const value = body.value.output;
  return isObject(value) ? { value } : {
    difference: { expected: "an object under output", observed: describe(answer), exchange: answer.exchange },
  };
}

/** `meta` of a successful unary call; an empty object where there is none. */
export function meta(answer: AnswerView): JsonObject {
  const body = tryParseJson(answer.body);
  const value = isObject(body) ? body.meta : undefined;
  return isObject(value) ? value : {};
}

/** The `error` code of an error answer, undefined where there is none. */
export function errorCode(answer: AnswerView): string | undefined {
  const body = tryParseJson(answer.body, { duplicates: "last" });
  const code = isObject(body) ? body.error : undefined;
  return typeof code === "string" ? code : undefined;
}

/** A call that succeeded. */
export function succeeded(answer: AnswerView): Verdict {
  return of(answer, holds(answer.status === 200 && answer.failure === undefined, "status 200", describe(answer)));
}

/**
 * A refusal with one of the codes and the status mapped to it: exactly for base codes (CONTRACT §5.5), the class of the
 * status for additive ones (wire-format.md section 8).
 */
export function refusedWith(answer: AnswerView, ...codes: readonly string[]): Verdict {
  const expected = codes.map((code) => `${statusOf(code)} ${code}`).join(" or ");
  const code = errorCode(answer);
  const known = code !== undefined && codes.includes(code);
  const wanted = code === undefined ? 0 : statusOf(code);
  const right = code !== undefined && code in BASE_STATUS
    ? answer.status === wanted
    : Math.floor(answer.status / 100) === Math.floor(wanted / 100);
  return of(answer, holds(known && right, expected, describe(answer)));
}

/** A refusal with one of the statuses, whatever the code. */
export function refused(answer: AnswerView, ...statuses: readonly number[]): Verdict {
  return status(answer, ...statuses);
}

/** A refusal of a body that breaks the schema: 400 with `bad_request` or `schema_mismatch`. */
export function refusedAsBadBody(answer: AnswerView): Verdict {
  return refusedWith(answer, "bad_request", "schema_mismatch");
}

/** The call got past authentication and signature checks: its error is not `invalid_signature`. */
export function signatureAccepted(answer: AnswerView): Verdict {
  return of(
    answer,
    holds(
      answer.status > 0 && answer.status < 500 && errorCode(answer) !== "invalid_signature",
      "an answer other than invalid_signature",
      describe(answer),
    ),
  );
}

/** A header is there and equals a value byte for byte. */
export function headerEquals(answer: AnswerView, name: string, expected: string): Verdict {
  const actual = header(answer, name);
  return of(answer, holds(actual === expected, `header ${name}: ${expected}`, shown(actual)));
}

/** Whether a difference exists. */
export function isDifference(value: unknown): value is Difference {
  return typeof value === "object" && value !== null && "expected" in value && "observed" in value;
}
