/** Which answer is due to a kind of traffic: status and code, as the catalogue has them for that situation. */

import { codeOf, type Exchange, type Oracle } from "./oracle.ts";

/** Places where an answer of another kind shows. */
export const AT_ANSWER = /^(status|error|stream|outcomes|connection|headers\.content-type|body)$/;

/** A verdict on status and code of one answer. */
export type Due = (exchange: Exchange) => boolean | undefined;

const TOO_MANY = 429;

/** A kind of traffic, by the origin of its steps, and what is due there. */
export function due(
  requirement: string,
  origin: RegExp,
  verdict: Due,
  more: { readonly address?: string | RegExp; readonly when?: (exchange: Exchange) => boolean } = {},
): Oracle {
  const { address, when = () => true } = more;
  return {
    requirement,
    ...(address === undefined ? {} : { address }),
    place: AT_ANSWER,
    general: true,
    holds: (e) =>
      origin.test(e.step.origin) && isJudged(e) && !(e.answer.status === TOO_MANY) && when(e) ? verdict(e) : undefined,
  };
}

/** Whether there is an answer, or none although one is due. */
function isJudged({ answer, step }: Exchange): boolean {
  return answer.unsent === undefined && answer.outcomes === undefined && !("cancel_after" in step.step) &&
    (answer.status > 0 || answer.failure === "deadline") &&
    // A refusal may come inside an accepted stream.
    answer.frames?.some(({ event }) => event === "error") !== true;
}

/** Accepted. */
export const accepted: Due = ({ answer }) => answer.status === 200;

/** Refused with a status of the list and, where codes are given, one of these. */
export function refusedWith(statuses: readonly number[], ...codes: readonly string[]): Due {
  return (e) => statuses.includes(e.answer.status) && (codes.length === 0 || codes.includes(codeOf(e) ?? ""));
}

/** Refused as an error of the caller, whatever the code. */
export const clientError: Due = ({ answer }) => answer.status >= 400 && answer.status < 500;

/** Refused for the body; the two codes are interchangeable (spec README, ambiguity 7). */
export const badInput = refusedWith([400], "bad_request", "schema_mismatch");
export const unauthorized = refusedWith([401], "unauthorized");
export const badSignature = refusedWith([401], "invalid_signature");
export const notFound = refusedWith([404], "not_found");
/** Answered, and not with a failure of the node itself. */
export const noCrash: Due = ({ answer }) => answer.status > 0 && answer.status < 500;
