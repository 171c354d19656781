/** What is due to tokens: issued, minted, spoiled, used, revoked, introspected. */

import { codeOf, type Exchange, isDone, objectOf, type Oracle } from "./oracle.ts";
import { accepted, AT_ANSWER, badInput, badSignature, clientError, due, refusedWith, unauthorized } from "./due.ts";

/** Refused; codes and statuses of a bad token are read in more than one way (variants of the node). */
const invalid = clientError;
const expired = clientError;
const outOfScope = clientError;
/** Accepted, unless the node takes no tokens but its own. */
const takenIfForeign = (e: Exchange) =>
  e.answer.status === 401 && codeOf(e) === "token_invalid" ? undefined : e.answer.status === 200;
/** A token of short life may be over, or its budget used up. */
const usable = refusedWith([200, 403, 410]);

const isSigned = ({ step: { step } }: Exchange) => step.do === "call" && step.signature === undefined;
const unsigned = (e: Exchange) => !isSigned(e);

/** The name of the token a step presents, `token12`. */
function tokenName({ step: { step } }: Exchange): string | undefined {
  if (step.do !== "call") return undefined;
  return /^\$\{(\w+)\}$/.exec(step.token ?? String(objectOf(step.input).token ?? ""))?.[1];
}

/** Whether nobody has revoked the token a step presents. */
function isLive(e: Exchange): boolean {
  const name = tokenName(e);
  return name !== undefined &&
    !e.before.some(({ address, step }) =>
      address === "auth.token.revoke" && JSON.stringify(step.step).includes(`\${${name}id}`)
    );
}

/** Whether the revocation right before was accepted. */
function isRevoked(e: Exchange): boolean {
  const name = tokenName(e);
  return e.before.some((one) =>
    one.address === "auth.token.revoke" && isDone(one) && JSON.stringify(one.step.step).includes(`\${${name}id}`)
  );
}

/** Neither issuer nor subject of the token asked about. */
function isOther(e: Exchange): boolean {
  const name = tokenName(e);
  const { step } = e.step;
  const issue = e.before.find((one) => one.step.step.learn?.[name ?? ""] !== undefined)?.step.step;
  if (issue?.do !== "call" || step.do !== "call") return false;
  return e.cast[step.as] === "member" && issue.as !== step.as && objectOf(issue.input).subject !== `\${id.${step.as}}`;
}

const inactive = (e: Exchange) => e.answer.status !== 200 || e.output.active !== true;

/** Introspection of a token that another step minted. */
function introspected(requirement: string, of: string): Oracle {
  return {
    requirement,
    place: /^(status|output\.active)$/,
    address: "auth.token.introspect",
    holds: (e) => new RegExp(`^auth\\.token\\.introspect/${of}$`).test(e.step.origin) ? inactive(e) : undefined,
  };
}

const minted = (requirement: string, kind: string, verdict: Parameters<typeof due>[2]) =>
  due(requirement, new RegExp(`^token minted/${kind}$`), verdict, { when: unsigned });

/** Outcomes of a token that allows two calls a minute, used four times. */
function rated(requirement: string, verdict: (outcomes: readonly number[]) => boolean | undefined): Oracle {
  return {
    requirement,
    place: /^outcomes$/,
    holds: ({ answer: { outcomes }, step }) =>
      step.origin === "token with a rate" && outcomes !== undefined ? verdict(outcomes) : undefined,
  };
}

export const tokenDues: readonly Oracle[] = [
  rated("TOK-026", ([first, second]) => first === 200 ? second === 200 : undefined),
  rated(
    "TOK-046",
    ([first, second, ...rest]) => first === 200 && second === 200 ? rest.every((status) => status === 429) : undefined,
  ),
  {
    requirement: "TOK-023",
    place: AT_ANSWER,
    // A token stands in for the signature: whatever is wrong with it, no signature is missed.
    holds: (e) => {
      const { step } = e.step;
      if (step.do !== "call" || step.signature !== "none" || (step.token ?? step.mint) === undefined) return undefined;
      return e.answer.status === 0 ? undefined : codeOf(e) !== "invalid_signature";
    },
  },
  due("TOK-001", /^auth\.token\.issue\/valid$/, accepted),
  due("TOK-015", /^auth\.token\.issue\/repeated$/, accepted),
  due("TOK-016", /^auth\.token\.issue\/too-long$/, clientError),
  due("TOK-017", /^auth\.token\.issue\/unknown-capability$/, clientError),
  due("TOK-019", /^auth\.token\.issue\/no-(subject|scope)$/, badInput),
  due("TOK-022", /^token for tokens$/, clientError),
  due("TOK-022", /^token used elsewhere$/, clientError, { address: "auth.token.issue" }),
  due("TOK-041", /^token used elsewhere$/, clientError),
  due("TOK-049", /^token used\/broken-signature$/, badSignature),
  due("TOK-057", /^token used\/after revocation$/, refusedWith([401, 410]), { when: isRevoked }),
  due("TOK-023", /^token used\/alone$/, usable, { when: isLive }),
  due("TOK-024", /^token used\/signed$/, usable, { when: isLive }),
  due("TOK-024", /^token minted\/(good|audience-right)$/, takenIfForeign, { when: isSigned }),
  minted("TOK-023", "(good|audience-right)", takenIfForeign),
  minted("TOK-029", "padded", clientError),
  minted("TOK-027", "signature", invalid),
  minted("TOK-028", "payload", invalid),
  minted("TOK-032", "own-key", invalid),
  minted("TOK-033", "other-key", invalid),
  minted("TOK-030", "alg-none", refusedWith([400, 401])),
  minted("TOK-031", "alg-hs256", refusedWith([400, 401])),
  minted("TOK-034", "(typ|v2)", clientError),
  minted("TOK-035", "(prefix|no-prefix)", refusedWith([400, 401])),
  minted("TOK-037", "(oversized|huge)", clientError),
  minted("TOK-038", "expired", expired),
  minted("TOK-039", "not-yet", expired),
  minted("TOK-040", "audience", clientError),
  minted("TOK-041", "scope", outOfScope),
  minted("TOK-042", "star", outOfScope),
  minted("TOK-043", "major", outOfScope),
  minted("TOK-044", "constraint", outOfScope),
  minted("TOK-051", "stranger", clientError),
  due("TOK-058", /^auth\.token\.revoke\/other$/, unauthorized, {
    when: ({ step }) => step.law?.requirement === "TOK-058",
  }),
  due("TOK-066", /^auth\.token\.introspect$/, unauthorized, { when: isOther }),
  introspected("TOK-064", "expired"),
  introspected("TOK-065", "(signature|payload|other-key)"),
  {
    requirement: "TOK-063",
    place: /^(status|output\.active)$/,
    address: "auth.token.introspect",
    holds: (e) => e.step.origin.endsWith("/revoked") && isRevoked(e) ? inactive(e) : undefined,
  },
];
