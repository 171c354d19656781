/** The checks between a well-formed call and the bus, in the order the rules give (wire-format.md section 5). */

import { CALL_HEADERS, type CallEnvelope, type DecodedToken, isObject, type JsonObject } from "../../protocol/mod.ts";
import { type BusAnswer, type NodeCore, NodeError, type Trust } from "../core.ts";
import type { RateLimiter } from "../limiter.ts";
import type { CallCheck, CallHeader, RequestHeaders, SignedRequest } from "../rules/transport.ts";

/** A call above the hard budget: it gets no answer at all. */
export class DroppedCall extends Error {
  override readonly name = "DroppedCall";
}

/** Headers every call needs; the signature may be missing beside a token. */
const REQUIRED: readonly Exclude<CallHeader, "signature" | "token">[] = [
  "capability",
  "version",
  "request_id",
  "from",
  "community",
  "timestamp",
];

/** The headers a call message stands for: its envelope's members under the names they have as headers. */
export function headersOfEnvelope(envelope: JsonObject): RequestHeaders {
  const list: [string, string][] = [];
  for (const name of REQUIRED) {
    const value = envelope[name];
    if (typeof value === "string") list.push([CALL_HEADERS[name], value]);
  }
  return { list, map: new Map(list.map(([name, value]) => [name.toLowerCase(), value])) };
}

/** Headers of a call, checked for form only. */
export interface CallHead {
  readonly envelope: Omit<CallEnvelope, "body">;
  readonly signature: string | undefined;
  readonly token: string | undefined;
  readonly filled: readonly CallHeader[];
}

/**
 * Reads the `X-HearthNet-*` headers of a call.
 *
 * @throws {NodeError} `bad_request` if one is missing or has another form than wire-format.md section 1 gives it.
 */
export function readCallHead(core: NodeCore, headers: RequestHeaders): CallHead {
  const { rules } = core;
  const values: Record<string, string> = {};
  const filled: CallHeader[] = [];
  for (const name of REQUIRED) {
    let value = rules.header(headers, CALL_HEADERS[name]);
    if (value === undefined || value === "") {
      value = rules.missingHeader(name, core);
      if (value === undefined) throw new NodeError("bad_request", `Cannot call: ${CALL_HEADERS[name]} is missing`);
      filled.push(name);
    }
    values[name] = value;
  }
  const { capability = "", version = "", request_id = "", community = "", timestamp = "" } = values;
  const from = rules.resolveFrom(values.from ?? "", core);
  if (from === undefined) throw malformed("from");
  if (rules.readVersion(version) === undefined) throw malformed("version");
  if (!rules.acceptRequestId(request_id)) throw malformed("request_id");
  if (!rules.acceptCommunity(community)) throw malformed("community");
  if (!rules.acceptTimestamp(timestamp)) throw malformed("timestamp");
  return {
    envelope: { capability, version, request_id, from, community, timestamp },
    signature: rules.header(headers, CALL_HEADERS.signature),
    token: rules.header(headers, CALL_HEADERS.token),
    filled,
  };
}

function malformed(name: CallHeader): NodeError {
  return new NodeError("bad_request", `Cannot call: ${CALL_HEADERS[name]} is malformed`);
}

/** Who calls, once every check has passed. */
export interface Admitted {
  readonly caller: string;
  readonly level: Trust;
  readonly token?: DecodedToken;
  /** Answer of a call that was executed before its checks were over. */
  readonly early?: BusAnswer;
}

/** What the checks work on. */
export interface Applicant {
  readonly signed: SignedRequest;
  readonly token: string | undefined;
  readonly limiter: RateLimiter;
  readonly execute: (admitted: Admitted) => Promise<BusAnswer>;
}

/**
 * Runs the checks.
 *
 * @throws {NodeError} The first check that fails.
 * @throws {DroppedCall} If the call gets no answer.
 */
export async function admit(applicant: Applicant, checks: readonly CallCheck[]): Promise<Admitted> {
  const { envelope, core } = applicant.signed;
  let admitted: Admitted = { caller: envelope.from, level: core.rules.callerLevel(envelope.from, core) };
  for (const check of checks) {
    if (check === "execute") {
      const early = await applicant.execute(admitted).catch(() => undefined);
      if (early !== undefined) admitted = { ...admitted, early };
    } else if (check === "member") admitted = { ...admitted, ...checkMember(applicant) };
    else CHECKS[check](applicant);
  }
  return admitted;
}

const CHECKS: Readonly<Record<Exclude<CallCheck, "member" | "execute">, (applicant: Applicant) => void>> = {
  signature: checkSignature,
  community: checkCommunity,
  revoked: checkRevoked,
  rate: checkRate,
  capability: checkCapability,
};

/** Whether the call rests on its token alone. */
function isTokenOnly({ signed, token }: Applicant): boolean {
  return token !== undefined && signed.signature === undefined;
}

function checkSignature(applicant: Applicant): void {
  if (isTokenOnly(applicant)) return;
  const { signed } = applicant;
  const { rules, metrics } = signed.core;
  const verify = signed.channel === "http" ? rules.verifySignature : rules.verifyCallMessage;
  if (verify(signed)) return;
  const missing = signed.signature === undefined;
  metrics.count("hearthnet_signature_failures_total", { reason: missing ? "missing" : "invalid" });
  throw new NodeError(
    missing ? rules.missingSignatureCode : "invalid_signature",
    missing ? "Cannot call: the signature is missing" : "Cannot call: the signature does not verify",
  );
}

function checkCommunity({ signed }: Applicant): void {
  const code = signed.core.rules.foreignCommunity(signed.envelope.community, signed.core);
  if (code !== undefined) throw new NodeError(code, "Cannot call: the call names another community");
}

function checkRevoked(applicant: Applicant): void {
  const { envelope, core } = applicant.signed;
  if (isTokenOnly(applicant) || !core.rules.refusesRevoked(envelope.from, core)) return;
  throw new NodeError("revoked", "Cannot call: the caller has been revoked");
}

function checkMember(applicant: Applicant): Admitted {
  const { signed, token } = applicant;
  const { core, envelope } = signed;
  if (token !== undefined) {
    const { capability, version, from, body } = envelope;
    const params: JsonObject = isObject(body) && isObject(body.params) ? body.params : {};
    const signer = signed.signature === undefined ? undefined : from;
    return core.tokens.authorize({ token, signer, from, capability, version, params });
  }
  const level = core.rules.callerLevel(envelope.from, core);
  if (level !== "self" && !isOpen(core, envelope.capability) && !core.rules.admits(envelope.from, level, core)) {
    throw new NodeError("unauthorized", "Cannot call: the caller is no member of this community");
  }
  return { caller: envelope.from, level };
}

/** Whether a capability is declared open to callers that are no members. */
function isOpen(core: NodeCore, capability: string): boolean {
  return core.bus.descriptors().some(({ name, trust }) => name === capability && trust === "unknown");
}

function checkRate({ signed, limiter }: Applicant): void {
  const { core, envelope: { from, capability } } = signed;
  const verdict = limiter.charge(from, capability);
  if (verdict.kind === "pass") return;
  core.metrics.count("hearthnet_rate_limited_total", { capability, reason: verdict.reason });
  if (verdict.kind === "drop") throw new DroppedCall();
  if (verdict.kind === "fail") throw new NodeError("internal_error", "Cannot call: too much to do");
  throw new NodeError("rate_limited", `Cannot call: the ${verdict.reason} budget is used up`, {
    retry_after_ms: verdict.retryAfterMs,
  });
}

function checkCapability({ signed }: Applicant): void {
  const { core, envelope: { capability, version } } = signed;
  if (core.bus.descriptors().some(({ name }) => name === capability) || core.peers.offers(capability, version)) return;
  throw new NodeError("not_found", `Cannot call: there is no ${capability}`);
}
