/** What the token cases share: asking for tokens, making them, presenting them. */

import { type AnswerView, describe, errorCode, member } from "../../../src/check/mod.ts";
import {
  ADDITIVE_STATUS,
  base64url,
  canonicalize,
  cidOf,
  fromBase64url,
  isObject,
  type JsonObject,
  mintToken,
  parseJson,
  TOKEN_HEADER,
  TOKEN_PREFIX,
  tryParseJson,
} from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { CallOptions } from "../../../src/target/call.ts";
import { minimalBody } from "../../../src/target/minimal_body.ts";
import { advertised, probeName, PROBES } from "../../../src/target/profile.ts";
import type { Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** Called where the target advertises no probe; hostile tokens must be refused all the same. */
const FALLBACK_PROBE = "market.list";
/** Policy value of communities that state none (wire-format.md section 10). */
const DEFAULT_POLICY_TTL_SECONDS = 86_400;
/** Self-minted tokens began ten minutes ago and live an hour: no clock difference matters, no policy is exceeded. */
const AGE_SECONDS = 600;
const LIFE_SECONDS = 3600;
export const HOUR_SECONDS = 3600;
/** Time within which a revocation takes effect, in milliseconds (M16 §5.4). */
export const REVOCATION_MS = 60_000;
/** Pause between two looks at a revoked token, in milliseconds. */
const LOOK_EVERY_MS = 1000;
/** Longest time a case that waits for a revocation may take, in milliseconds. */
export const REVOCATION_CASE_MS = REVOCATION_MS + 20_000;

/** A capability that tokens are scoped to, and its smallest call. */
export interface Probe {
  readonly name: string;
  readonly version: string;
  /** As scopes name it. */
  readonly entry: string;
  readonly body: JsonObject;
}

/** A capability of the target as a probe. */
export function probeNamed({ profile }: Session, name: string): Probe {
  const version = String(advertised(profile, name)?.version ?? "1.0");
  return { name, version, entry: `${name}@${version}`, body: minimalBody(profile, name) };
}

/** P of the catalogue. */
export function probe(target: Session): Probe {
  return probeNamed(target, probeName(target.profile) ?? FALLBACK_PROBE);
}

/** A second read capability that the target advertises. */
export function otherProbe(target: Session): Probe | undefined {
  const first = probeName(target.profile);
  const name = PROBES.find((candidate) => candidate !== first && target.advertised(candidate) !== undefined);
  return name === undefined ? undefined : probeNamed(target, name);
}

/** A well-formed call of a capability for trusted members, so that nothing but trust is missing. */
export function trustedOnlyCall(target: Session, name: string): Probe {
  const cid = cidOf(new Uint8Array());
  const bodies: Readonly<Record<string, JsonObject>> = {
    "rag.ingest": {
      params: { corpus: "tokens" },
      input: { doc_cid: cid, title: "Wells", language: "en", metadata: {} },
    },
    "file.put": { params: {}, input: { manifest: { cid, size_bytes: 0, chunks: [] } } },
  };
  const plain = probeNamed(target, name);
  return { ...plain, body: bodies[name] ?? plain.body };
}

/** The present in Unix seconds. */
export function nowSeconds(target: Session): number {
  return Math.floor(target.wall() / 1000);
}

/** The longest life of a token in seconds, as the community manifest states it. */
export async function policySeconds(target: Session): Promise<number> {
  const value = member(await target.readCommunity(), "policy", "capability_token_ttl_seconds");
  return typeof value === "number" ? value : DEFAULT_POLICY_TTL_SECONDS;
}

/** Input of an issue call. */
export interface IssueRequest {
  readonly subject: string;
  readonly scope: JsonObject;
  readonly ttl_seconds?: number;
  readonly audience?: string;
  readonly client_id?: string;
}

/** `auth.token.issue`, whatever it answers. */
export function issue(target: Session, caller: Actor, request: IssueRequest): Promise<HttpAnswer> {
  return target.call(caller, "auth.token.issue", { client_id: target.id(), ...request });
}

/** The usual request: the subject may call the probe for ten minutes. */
export function usual(target: Session, subject: string, changes: Partial<IssueRequest> = {}): IssueRequest {
  return { subject, scope: { capabilities: [probe(target).entry] }, ttl_seconds: AGE_SECONDS, ...changes };
}

/** A token the node issued. */
export interface Issued {
  readonly answer: HttpAnswer;
  readonly token: string;
  /** The id it is revoked by. */
  readonly id: string;
  readonly payload: JsonObject;
}

/** A token as a means of the case; without one the case cannot tell anything. */
export async function issued(context: CaseContext, caller: Actor, request: IssueRequest): Promise<Issued> {
  const answer = await issue(context.target, caller, request);
  const token = tokenOf(answer);
  if (token === undefined) context.inconclusive(`no token was issued: ${describe(answer)}`);
  const payload = segment(token, 1) ?? {};
  const id = typeof payload.jti === "string" ? payload.jti : member(outputOf(answer), "token_id");
  return { answer, token, id: String(id), payload };
}

function outputOf(answer: AnswerView): JsonObject {
  const body = tryParseJson(answer.body);
  return isObject(body) && isObject(body.output) ? body.output : {};
}

/** `output.token` of an answer, if there is one. */
export function tokenOf(answer: AnswerView): string | undefined {
  const { token } = outputOf(answer);
  return answer.status === 200 && typeof token === "string" && token !== "" ? token : undefined;
}

/** The dot-separated parts behind the prefix. */
export function segmentsOf(token: string): string[] {
  return (token.startsWith(TOKEN_PREFIX) ? token.slice(TOKEN_PREFIX.length) : token).split(".");
}

/** A segment as a JSON object: 0 the header, 1 the payload. */
export function segment(token: string, index: number): JsonObject | undefined {
  try {
    const value = parseJson(fromBase64url(segmentsOf(token)[index] ?? ""));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The same token with one segment replaced; the signature is not made anew. */
export function withSegment(token: string, index: number, text: string): string {
  const parts = segmentsOf(token);
  parts[index] = text;
  return TOKEN_PREFIX + parts.join(".");
}

/** A token whose payload was changed without signing anew; by default it claims a later `exp`. */
export function altered(target: Session, { token, payload }: Issued, changes?: JsonObject): string {
  const exp = typeof payload.exp === "number" ? payload.exp : nowSeconds(target);
  return withSegment(token, 1, encoded({ ...payload, ...changes ?? { exp: exp + HOUR_SECONDS } }));
}

/** A JSON value as a segment. */
export function encoded(value: JsonObject | string): string {
  return base64url(new TextEncoder().encode(typeof value === "string" ? value : canonicalize(value)));
}

/** Payload of a token that `subject` may use for the probe. */
export function claims(target: Session, issuer: string, subject: string, changes: JsonObject = {}): JsonObject {
  const now = nowSeconds(target);
  return {
    iss: issuer,
    sub: subject,
    iat: now - AGE_SECONDS,
    exp: now - AGE_SECONDS + LIFE_SECONDS,
    jti: target.id(),
    scope: { capabilities: [probe(target).entry] },
    ...changes,
  };
}

/** Signs a payload in canonical form, so that even a verifier that serialises anew accepts it. */
export function mint(signer: Actor, payload: JsonObject, header: JsonObject = { ...TOKEN_HEADER }): string {
  return mintToken(signer.identity, canonicalize(payload), canonicalize(header));
}

/** A token that `issuer` makes for `holder`. */
export function minted(target: Session, issuer: Actor, holder: Pick<Actor, "id">, changes: JsonObject = {}): string {
  return mint(issuer, claims(target, issuer.id, holder.id, changes));
}

/** A call with a token and no signature. */
export function present(
  target: Session,
  holder: Actor,
  token: string,
  called: Probe = probe(target),
  options: CallOptions = {},
): Promise<HttpAnswer> {
  return target.busCall(holder, called.name, { body: called.body, token, signature: "none", ...options });
}

/** Skips unless a plain token by `issuer` for `holder` is honoured: the positive control of self-minted tokens. */
export async function requireOwnTokens(context: CaseContext, issuer: Actor, holder: Actor): Promise<void> {
  const answer = await present(context.target, holder, minted(context.target, issuer, holder));
  if (answer.status !== 200) context.skip(`a token minted by a member is not honoured: ${describe(answer)}`);
}

/** The same for tokens with `sub` `"*"`. */
export async function requireBearer(context: CaseContext, issuer: Actor, holder: Actor): Promise<void> {
  const answer = await present(context.target, holder, minted(context.target, issuer, { id: "*" }));
  if (answer.status !== 200) context.skip(`a bearer token is not honoured: ${describe(answer)}`);
}

/**
 * Whoever presents hostile tokens: a member where the tester has one; else the node's own id, which is nobody's
 * mistake to refuse.
 */
export async function presenter({ target, actors }: CaseContext, name = "bob"): Promise<Actor> {
  if (target.profile.identities.member > 0) return await actors.member(name);
  return { ...actors.stranger(name), id: target.nodeId };
}

/** Writes down a token error whose status is another 4xx than M16 §7 gives; only the code is judged. */
export function noteStatus(context: CaseContext, answer: AnswerView): void {
  const code = errorCode(answer);
  const decided = code === undefined ? undefined : ADDITIVE_STATUS[code];
  if (decided !== undefined && decided !== answer.status) {
    context.note(`${code} came with status ${answer.status}, M16 §7 gives ${decided}`);
  }
}

/** Polls a revoked token for as long as the rule allows; the refusal, or undefined if it stayed usable. */
export function untilRevoked(
  { target, until }: CaseContext,
  holder: Actor,
  token: string,
): Promise<HttpAnswer | undefined> {
  return until(
    async () => {
      const answer = await present(target, holder, token);
      return answer.status === 200 ? undefined : answer;
    },
    REVOCATION_MS,
    LOOK_EVERY_MS,
  );
}

/** `auth.token.revoke`, whatever it answers. */
export function revoke(target: Session, caller: Actor, id: string): Promise<HttpAnswer> {
  return target.call(caller, "auth.token.revoke", { client_id: target.id(), token_id: id });
}

/** Revokes as a means: as a trusted member where there is one, else as the one that asked for the token. */
export async function revoked(context: CaseContext, requester: Actor, id: string): Promise<void> {
  const { target, actors } = context;
  const trusted = target.profile.identities.trusted > 0 ? await actors.trusted() : requester;
  let answer = await revoke(target, trusted, id);
  if (answer.status !== 200 && trusted !== requester) answer = await revoke(target, requester, id);
  if (answer.status !== 200) context.inconclusive(`the token could not be revoked: ${describe(answer)}`);
}
