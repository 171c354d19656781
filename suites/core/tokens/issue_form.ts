/** auth.token.issue: the answer and the form of the token in it. */

import {
  equals,
  hasMembers,
  header,
  isArray,
  isInteger,
  isNumber,
  isRecord,
  isText,
  jsonObject,
  matches,
  member,
  meta,
  output,
} from "../../../src/check/mod.ts";
import type { Checked } from "../../../src/check/mod.ts";
import {
  CALL_HEADERS,
  fromBase64url,
  isNodeId,
  type JsonObject,
  MAX_TOKEN_BYTES,
  NODE_ID_PATTERN,
  parseTimestamp,
  ULID_PATTERN,
  utf8,
  verifyBytes,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { issue, type IssueRequest, nowSeconds, otherProbe, probe, segment, segmentsOf, usual } from "./helpers.ts";

const TOKEN_PATTERN = /^hntoken:\/\/v1\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** Difference between two clocks that is no concern of the rule, in seconds. */
const SKEW_SECONDS = 5;
const ED25519_SIGNATURE_BYTES = 64;

/** Alice asks for a token for Bob; the answer must hold one. */
async function ask(
  { target, actors, must }: CaseContext,
  changes: Partial<IssueRequest> = {},
): Promise<{ readonly answer: HttpAnswer; readonly output: JsonObject; readonly token: string }> {
  const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
  const answer = await issue(target, alice, usual(target, bob.id, changes));
  const out = must.get(output(answer));
  must(isText(out.token, "output.token"));
  return { answer, output: out, token: String(out.token) };
}

function decoded({ exchange }: HttpAnswer, token: string, index: 0 | 1): Checked<JsonObject> {
  const value = segment(token, index);
  const expected = `segment ${index} of the token is a JSON object`;
  return value === undefined ? { difference: { expected, observed: token, exchange } } : { value };
}

async function payloadOf(context: CaseContext, changes: Partial<IssueRequest> = {}): Promise<JsonObject> {
  const { answer, token } = await ask(context, changes);
  return context.must.get(decoded(answer, token, 1));
}

function asSet(value: unknown): unknown {
  return Array.isArray(value) ? [...value].sort() : value;
}

export const issueFormCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/tokens/issue-answer-members",
    requirement: "TOK-001",
    brokenBy: ["issue-without-token-id"],
    effects: "writes",
    async run(context) {
      const { answer, output: out } = await ask(context);
      context.must.all(isText(out.token_id, "output.token_id"), isNumber(meta(answer).ms, "meta.ms"));
    },
  }),
  defineCase({
    id: "core/tokens/token-has-prefix-and-three-segments",
    requirement: "TOK-002",
    brokenBy: ["token-is-one-blob"],
    effects: "writes",
    async run(context) {
      const { token } = await ask(context);
      context.must(matches(token, TOKEN_PATTERN, "output.token"));
    },
  }),
  defineCase({
    id: "core/tokens/header-names-algorithm-type-version",
    requirement: "TOK-003",
    brokenBy: ["token-typ-jwt"],
    effects: "writes",
    async run(context) {
      const { answer, token } = await ask(context);
      const head = context.must.get(decoded(answer, token, 0));
      context.must.all(
        equals(head.alg, "EdDSA", "header.alg"),
        equals(head.typ, "hntoken", "header.typ"),
        equals(head.v, 1, "header.v"),
      );
    },
  }),
  defineCase({
    id: "core/tokens/payload-members-and-types",
    requirement: "TOK-004",
    brokenBy: ["token-exp-as-text"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const payload = await payloadOf(context);
      must(hasMembers(payload, ["iss", "sub", "iat", "exp", "jti", "scope"], "the payload"));
      must(matches(payload.iss, NODE_ID_PATTERN, "payload.iss"));
      if (payload.sub !== "*") must(matches(payload.sub, NODE_ID_PATTERN, "payload.sub"));
      must.all(isInteger(payload.iat, "payload.iat"), isInteger(payload.exp, "payload.exp"));
      must(matches(payload.jti, ULID_PATTERN, "payload.jti"));
      must(isRecord(payload.scope, "payload.scope"));
      const capabilities = member(payload.scope, "capabilities");
      must(isArray(capabilities, "payload.scope.capabilities"));
      for (const entry of capabilities as unknown[]) must(isText(entry, "an entry of payload.scope.capabilities"));
    },
  }),
  defineCase({
    id: "core/tokens/signature-covers-transmitted-segments",
    requirement: "TOK-005",
    brokenBy: ["token-signs-canonical-payload"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { answer, token } = await ask(context);
      const { exchange } = answer;
      const payload = must.get(decoded(answer, token, 1));
      const [first, second, third] = segmentsOf(token);
      let signature = new Uint8Array();
      try {
        signature = fromBase64url(third ?? "");
      } catch {
        must.hold(false, "a third segment in base64url without padding", String(third), exchange);
      }
      must(equals(signature.length, ED25519_SIGNATURE_BYTES, "the length of the signature in bytes"));
      must.hold(
        isNodeId(payload.iss) && verifyBytes(payload.iss, utf8(`${first}.${second}`), signature),
        "a signature by payload.iss over the first two segments",
        token,
        exchange,
      );
    },
  }),
  defineCase({
    id: "core/tokens/issuer-is-the-node",
    requirement: "TOK-006",
    brokenBy: ["token-iss-is-caller"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const { answer, token } = await ask(context);
      const payload = must.get(decoded(answer, token, 1));
      const node = header(answer, CALL_HEADERS.from) ?? must.get(jsonObject(await target.manifest())).node_id;
      must(equals(payload.iss, node, "payload.iss"));
    },
  }),
  defineCase({
    id: "core/tokens/subject-as-requested",
    requirement: "TOK-007",
    brokenBy: ["token-sub-is-caller"],
    effects: "writes",
    async run(context) {
      const bob = await context.actors.member("bob");
      context.must(equals((await payloadOf(context)).sub, bob.id, "payload.sub"));
    },
  }),
  defineCase({
    id: "core/tokens/token-id-is-jti",
    requirement: "TOK-008",
    brokenBy: ["issue-answers-other-id"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { answer, output: out, token } = await ask(context);
      const { jti } = must.get(decoded(answer, token, 1));
      must.all(matches(jti, ULID_PATTERN, "payload.jti"), equals(out.token_id, jti, "output.token_id"));
    },
  }),
  defineCase({
    id: "core/tokens/lifetime-as-requested",
    requirement: "TOK-009",
    brokenBy: ["token-life-always-an-hour"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const asked = 600;
      const { answer, token } = await ask(context, { ttl_seconds: asked });
      const payload = must.get(decoded(answer, token, 1));
      must.all(isInteger(payload.iat, "payload.iat"), isInteger(payload.exp, "payload.exp"));
      const [iat, exp] = [Number(payload.iat), Number(payload.exp)];
      must(equals(exp - iat, asked, "payload.exp minus payload.iat"));
      // The tester's wall clock stands at the start of the run; the monotonic one tells how long that may be ago.
      const earliest = nowSeconds(target) - SKEW_SECONDS;
      const latest = nowSeconds(target) + Math.ceil(target.mono() / 1000) + SKEW_SECONDS;
      if (iat >= earliest && iat <= latest) return;
      const own = (parseTimestamp(header(answer, CALL_HEADERS.timestamp)) ?? NaN) / 1000;
      must.hold(
        Math.abs(iat - own) <= SKEW_SECONDS,
        `payload.iat from ${earliest} up to ${latest}`,
        String(iat),
        answer.exchange,
      );
      context.note(`the clock of the node is ${iat - nowSeconds(target)} s from the tester's`);
    },
  }),
  defineCase({
    id: "core/tokens/capabilities-as-requested",
    requirement: "TOK-011",
    brokenBy: ["token-scope-widened"],
    effects: "writes",
    async run(context) {
      const { entry } = probe(context.target);
      const payload = await payloadOf(context, { scope: { capabilities: [entry] } });
      const listed = asSet(member(payload.scope, "capabilities"));
      context.must(equals(listed, [entry], "payload.scope.capabilities"));
    },
  }),
  defineCase({
    id: "core/tokens/audience-as-requested",
    requirement: "TOK-012",
    brokenBy: ["token-drops-audience"],
    effects: "writes",
    async run(context) {
      const { communityId } = context.target;
      const payload = await payloadOf(context, { audience: communityId });
      context.must(equals(payload.aud, communityId, "payload.aud"));
    },
  }),
  defineCase({
    id: "core/tokens/restrictions-are-carried",
    requirement: "TOK-013",
    brokenBy: ["token-drops-corpora"],
    effects: "writes",
    async run(context) {
      const { target, should } = context;
      const capabilities = [probe(target).entry];
      const perMinute = 7;
      const payload = await payloadOf(context, {
        scope: { capabilities, corpora: ["x1"], rate_limit_per_minute: perMinute },
      });
      const corpora = member(payload.scope, "params_constraints", "corpus") ?? member(payload.scope, "corpora");
      should(equals(corpora, ["x1"], "payload.scope.params_constraints.corpus (or payload.scope.corpora)"));
      const kept = member(payload.scope, "rate_limit_per_minute");
      should(equals(kept, perMinute, "payload.scope.rate_limit_per_minute"));
    },
  }),
  defineCase({
    id: "core/tokens/issued-token-fits-the-budget",
    requirement: "TOK-014",
    brokenBy: ["token-embeds-manifest"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const own = { name: "auth.token.issue", entry: "auth.token.issue@1.0" };
      const capabilities = [probe(target), otherProbe(target) ?? own].map(({ entry }) => entry);
      const { answer, token } = await ask(context, { scope: { capabilities }, audience: target.communityId });
      const { length } = utf8(token);
      must.hold(
        length <= MAX_TOKEN_BYTES,
        `a token of at most ${MAX_TOKEN_BYTES} bytes`,
        `${length} bytes`,
        answer.exchange,
      );
    },
  }),
];
