/**
 * What the supported side answered, stated so that it can be judged on any node: values that no two nodes share become
 * relations (so many seconds after another member, the same as the request said, a signature that holds).
 */

import { fromUtf8Lossy, isObject, type Json } from "../src/protocol/mod.ts";
import { quantity, type VectorExpectation } from "../src/runner/vector_expect.ts";
import { valueAt } from "../src/runner/vector_steps.ts";
import { headerOf } from "../src/wire/mod.ts";
import type { Finding } from "./finding.ts";
import { type Form, formOf } from "../src/protocol/forms.ts";
import type { Observation } from "./observation.ts";

/** Members that start a span of time, the likeliest first. */
const STARTS = ["issued_at", "iat", "created_at", "at", "wall_clock", "timestamp"];
/** Seconds a span may be off: both ends are rounded. */
const SPAN_WITHIN_S = 1;
/** Least seconds by which spans of the two sides differ to be what the difference is about. */
const SPAN_APART_S = 2;

/** Patterns of what is named differently on every node. */
const FORMS: Readonly<Partial<Record<Form, string>>> = {
  ulid: "^[0-7][0-9A-HJKMNP-TV-Z]{25}$",
  hash: "^blake3:[0-9a-f]{64}$",
  node: "^ed25519:[A-Za-z0-9_-]{43}$",
  short: "^ed25519:[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$",
  signature: "^ed25519:[A-Za-z0-9_-]{86}$",
  time: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$",
};

/** Expectations that the reference keeps and, as far as it can be stated, the other does not. */
export function expectationOf(
  finding: Finding,
  step: number,
  reference: Observation,
  other: Observation,
): VectorExpectation[] {
  const { value, status } = reference;
  const expect: VectorExpectation[] = [{ step, status: [status] }];
  const code = isObject(value) ? value.error : undefined;
  if (typeof code === "string") expect.push({ step, error: [code] });
  const more = special(finding.path, step, reference, other) ??
    valueExpectation(finding.path, step, value, other.value);
  return more === undefined ? expect : [...expect, more];
}

function special(
  path: string,
  step: number,
  reference: Observation,
  other: Observation,
): VectorExpectation | undefined {
  if (path.startsWith("headers.")) return headerExpectation(path.slice("headers.".length), step, reference, other);
  if (path === "signature.header") return { step, signed: "answer" };
  if (path.startsWith("signature.")) return signatureExpectation(step, reference, other);
  if (reference.frames === undefined) return undefined;
  if (path === "frames") return { step, frames: reference.frames.map(({ event }) => event) };
  const inFrame = /^frames\[\]\.[^.]*\.?(.*)$/.exec(path)?.[1];
  if (inFrame === undefined) return undefined;
  for (const [frame, { data }] of reference.frames.entries()) {
    const found = valueExpectation(inFrame, step, data, other.frames?.[frame]?.data);
    if (found !== undefined) return { ...found, frame };
  }
  return undefined;
}

function headerExpectation(
  name: string,
  step: number,
  reference: Observation,
  other: Observation,
): VectorExpectation | undefined {
  const [a, b] = [reference, other].map((one) => headerOf({ head: { ...one } }, name));
  if (a === undefined) return b === undefined ? undefined : { step, header: name, present: false };
  if (name === "x-hearthnet-from") return { step, header: name, equals: "${node_id}" };
  if (a === sentHeader(reference, name)) return { step, header: name, echoes: name };
  const form = formOf(a);
  if (form === undefined) return { step, header: name, equals: a };
  const pattern = FORMS[form];
  return pattern === undefined ? { step, header: name, present: true } : { step, header: name, matches: pattern };
}

function sentHeader({ sent }: Observation, name: string): string | undefined {
  const head = fromUtf8Lossy(sent).split("\r\n\r\n")[0] ?? "";
  return head.split("\r\n").find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim();
}

function signatureExpectation(step: number, reference: Observation, other: Observation): VectorExpectation | undefined {
  for (const [path, verdict] of reference.signatures) {
    if (verdict === "valid" && other.signatures.get(path) !== verdict) return { step, signed: path };
  }
  return undefined;
}

/** The first place of a pattern with `[]` where the two differ. */
function valueExpectation(
  pattern: string,
  step: number,
  reference: Json | undefined,
  other: Json | undefined,
): VectorExpectation | undefined {
  if (pattern === "" || /^(status|error|connection|outcomes|message)$/.test(pattern)) return undefined;
  for (const path of placesOf(pattern.replaceAll("[]", ".[]").split("."), reference, other)) {
    const [a, b] = [valueAt(reference, path), valueAt(other, path)];
    if (JSON.stringify(a) === JSON.stringify(b)) continue;
    const found = placeExpectation(path, step, reference, other, a, b);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Places of both values that fit a pattern; a list of other lengths ends the pattern there. */
function placesOf(names: readonly string[], reference: Json | undefined, other: Json | undefined): string[] {
  const at = names.indexOf("[]");
  if (at < 0) return [names.join(".")];
  const prefix = names.slice(0, at);
  const rest = names.slice(at + 1);
  const [a, b] = [reference, other].map((value) => prefix.length === 0 ? value : valueAt(value, prefix.join(".")));
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length || rest.length === 0) return [prefix.join(".")];
  return a.flatMap((_, index) => placesOf([...prefix, String(index), ...rest], reference, other));
}

function placeExpectation(
  path: string,
  step: number,
  reference: Json | undefined,
  other: Json | undefined,
  a: Json | undefined,
  b: Json | undefined,
): VectorExpectation | undefined {
  if (a === undefined) return { step, path, present: false };
  if (b === undefined) return { step, path, present: true };
  if (typeOf(a) !== typeOf(b)) return { step, path, type: typeOf(a) };
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length ? undefined : { step, path, length: a.length };
  const span = spanExpectation(path, step, reference, other, a, b);
  if (span !== undefined) return span;
  if (typeof a === "string") {
    const form = formOf(a);
    if (form !== undefined) {
      const pattern = FORMS[form];
      return pattern === undefined || formOf(String(b)) === form ? undefined : { step, path, matches: pattern };
    }
  }
  return typeof a === "object" ? undefined : { step, path, equals: a };
}

/** A time, by how long after another time of the same object it lies. */
function spanExpectation(
  path: string,
  step: number,
  reference: Json | undefined,
  other: Json | undefined,
  a: Json,
  b: Json,
): VectorExpectation | undefined {
  const name = path.slice(path.lastIndexOf(".") + 1);
  const timed = typeof a === "string" ? formOf(a) === "time" : /^(iat|exp|nbf)$|_at$|_unix$/.test(name);
  if (!timed) return undefined;
  const parent = path.includes(".") ? path.slice(0, path.lastIndexOf(".") + 1) : "";
  const container = parent === "" ? reference : valueAt(reference, parent.slice(0, -1));
  const siblings = isObject(container) ? Object.keys(container).filter((one) => one !== name) : [];
  const starts = [
    ...STARTS.filter((one) => siblings.includes(one)),
    ...siblings.filter((one) => !STARTS.includes(one)),
  ];
  for (const start of starts) {
    const minus = parent + start;
    const [from, otherFrom] = [valueAt(reference, minus), valueAt(other, minus)];
    if (typeof from === "string" && formOf(from) !== "time") continue;
    const spans = [[a, from], [b, otherFrom]].map(([end, begin]) => spanOf(end, begin));
    const [own, others] = spans;
    if (own === undefined || others === undefined || Math.abs(own - others) < SPAN_APART_S) continue;
    return { step, path, minus, equals: Math.round(own), within: SPAN_WITHIN_S };
  }
  return undefined;
}

function spanOf(end: Json | undefined, begin: Json | undefined): number | undefined {
  if (typeof end !== typeof begin) return undefined;
  const [a, b] = [quantity(end), quantity(begin)];
  return a === undefined || b === undefined ? undefined : a - b;
}

function typeOf(value: Json): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
