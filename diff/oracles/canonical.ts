/**
 * A well-signed call that is refused for its signature: which rule of the canonical form does the answering side break?
 * Whatever was in a body that the same side took before cannot be the reason.
 */

import { codeOf, type Exchange, type Oracle } from "./oracle.ts";
import { AT_ANSWER } from "./due.ts";
import { fromUtf8Lossy } from "../../src/protocol/mod.ts";

/** Features of a body as transmitted, each with the rule that it puts to the test, the particular ones first. */
const FEATURES: readonly (readonly [requirement: string, text: RegExp])[] = [
  ["IDN-054", /\\u[0-9a-f]{4}/i],
  ["IDN-053", /\d\.\d*0[,\]}]/],
  ["IDN-052", /^\{\s+"/],
  ["IDN-051", /^\{"params":/],
  ["IDN-061", /\d{15,}/],
  ["IDN-057", /"10":|"Z":/],
  ["IDN-059", /\u0301/],
  ["IDN-055", /[\u{10000}-\u{10ffff}]/u],
  ["IDN-060", /:null|,null/],
  ["IDN-058", /\\[nt"\\]|\//],
  ["IDN-049", /[\u0080-\uffff]/],
  ["IDN-062", /true|false/],
  ["IDN-053", /\d\.\d/],
  ["IDN-056", /\[[^\]]*[{[]/],
];
/** More rules than these left to blame say nothing of any of them: the rule for the whole of a nested body is named. */
const MANY = 3;
const WHOLE_FORM = "IDN-056";
/** Spoiled on purpose, so that a refusal says nothing. */
const SPOILING = [
  "signature",
  "from",
  "community",
  "timestamp",
  "omit",
  "token",
  "mint",
  "rendering",
  "wrap",
  "signed_as",
  "signed_shift_seconds",
  "transmit_base64",
  "request_id",
  "version",
];

function textOf({ answer: { sent } }: Exchange): string {
  const text = fromUtf8Lossy(sent);
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? "" : text.slice(end + 4);
}

function isSound({ step: { step, origin }, cast }: Exchange): boolean {
  return step.do === "call" && !SPOILING.some((name) => name in step) && cast[step.as] !== "stranger" &&
    cast[step.as] !== "revoked" && (step.transmit === undefined || origin.startsWith("canonical/"));
}

const featuresOf = (text: string) =>
  FEATURES.flatMap(([requirement, pattern]) => pattern.test(text) ? [requirement] : []);

const isRefused = (e: Exchange) =>
  codeOf(e) === "invalid_signature" || (e.answer.outcomes !== undefined && e.answer.outcomes.every((s) => s === 401));

/** The rule that is left to blame for a refusal. */
function blamed(e: Exchange): string | undefined {
  const proven = new Set(
    e.before.flatMap((one) => isSound(one) && one.answer.status > 0 && !isRefused(one) ? featuresOf(textOf(one)) : []),
  );
  const left = featuresOf(textOf(e)).filter((requirement) => !proven.has(requirement));
  return left.length > MANY ? WHOLE_FORM : left[0];
}

export const canonicalOracles: readonly Oracle[] = [...new Set(FEATURES.map(([id]) => id)), "IDN-037"].map((id) => ({
  requirement: id,
  place: AT_ANSWER,
  holds: (e) => {
    if (!isSound(e) || e.answer.status === 0) return undefined;
    if (!isRefused(e)) return true;
    return (blamed(e) ?? "IDN-037") === id ? false : undefined;
  },
}));
