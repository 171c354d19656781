/** Error answers: shape, codes, statuses, the echoed request id, and the order of checks before routing. */

import {
  type Checked,
  describe,
  errorCode,
  hasMediaType,
  headerEquals,
  holds,
  isInteger,
  isString,
  jsonObject,
  matches,
  of,
  output,
  refusedWith,
  shown,
  type Verdict,
} from "../../../src/check/mod.ts";
import {
  ADDITIVE_STATUS,
  BASE_STATUS,
  CALL_HEADERS,
  CID_PATTERN,
  isObject,
  type JsonObject,
  NODE_ID_PATTERN,
  tryParseJson,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { CallOptions } from "../../../src/target/call.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { probeOf, uniquePost, UNKNOWN_NAME } from "./helpers.ts";

/** Capability reference as `alt_capabilities` lists it. */
const REFERENCE_PATTERN = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+@(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$/;

/** A refusal that was provoked. */
interface Provoked {
  readonly what: string;
  readonly requestId: string;
  readonly answer: HttpAnswer;
}

/**
 * Error answers of the call endpoint: of strangers everywhere, and where a member is at hand also those behind the
 * membership check, of every advertised capability outside experimental.*. Nothing is executed.
 */
async function provoke(context: CaseContext): Promise<readonly Provoked[]> {
  const { target, actors } = context;
  const stranger = actors.stranger();
  const all: Provoked[] = [];
  const send = async (what: string, name: string, options: CallOptions, actor = stranger) => {
    const requestId = target.id();
    const answer = await target.busCall(actor, name, { ...options, requestId });
    // What is accepted after all is judged elsewhere.
    if (answer.status !== 200) all.push({ what, requestId, answer });
  };
  const probe = probeOf(context);
  const body = { params: {}, input: {} };
  await send("an unknown capability called by a stranger", UNKNOWN_NAME, { body });
  await send("a broken signature", probe, { body, signature: "broken" });
  await send("a missing signature", probe, { body, signature: "none" });
  await send("malformed JSON", probe, { body, transmit: '{"params":{},' });
  await send("a stranger", probe, { body });
  if (target.profile.identities.member === 0) return all;
  const member = await actors.member();
  await send("an unknown capability", UNKNOWN_NAME, { body }, member);
  await send("a body that is no object", probe, { body: [] }, member);
  await send("a malformed version", probe, { body, version: "1" }, member);
  const names = new Set(target.profile.capabilities.map(({ name }) => String(name)));
  for (const name of names) {
    if (name.startsWith("experimental.")) continue;
    await send(`an unserved major of ${name}`, name, { body, version: "97.0" }, member);
    await send(`a malformed body for ${name}`, name, { body: { params: 5, input: 5 } }, member);
  }
  return all;
}

/** The error body of an answer that should have one. */
function errorBody(answer: HttpAnswer): Checked<JsonObject> {
  const body = jsonObject(answer);
  if ("difference" in body) return body;
  return typeof body.value.error === "string" ? body : {
    difference: { expected: "a member error of type string", observed: describe(answer), exchange: answer.exchange },
  };
}

/** Members of an error body as an object, empty if it has another form: the form is judged by TRN-036. */
function membersOf(answer: HttpAnswer): JsonObject {
  const body = tryParseJson(answer.body);
  return isObject(body) ? body : {};
}

function listOf(value: unknown, pattern: RegExp, what: string): Verdict {
  const right = Array.isArray(value) && value.every((item) => typeof item === "string" && pattern.test(item));
  return holds(right, `${what} is an array of strings matching ${pattern}`, value);
}

/** Checks of the optional members, each only made when the member is there. */
const MEMBER_CHECKS: Readonly<Record<string, (value: unknown, body: JsonObject) => Verdict>> = {
  message: (value) => isString(value, "message"),
  retry_after_ms: (value) => isInteger(value, "retry_after_ms", 0),
  alt_capabilities: (value) => listOf(value, REFERENCE_PATTERN, "alt_capabilities"),
  alt_nodes: (value) => listOf(value, NODE_ID_PATTERN, "alt_nodes"),
  schema_hash_expected: (value, { error }) =>
    matches(value, CID_PATTERN, "schema_hash_expected") ??
      holds(error === "schema_mismatch", "schema_hash_expected only beside schema_mismatch", error),
};

export const errorCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/error-body-has-error",
    requirement: "TRN-036",
    brokenBy: ["error-named-detail", "errors-as-text"],
    effects: "none",
    async run(context) {
      for (const { answer } of await provoke(context)) {
        context.must(hasMediaType(answer, "application/json"));
        context.must.get(errorBody(answer));
      }
    },
  }),
  defineCase({
    id: "core/transport/error-codes-are-known",
    requirement: "TRN-037",
    brokenBy: ["error-code-forbidden", "error-code-validation"],
    effects: "none",
    async run(context) {
      const newer = Number(context.target.profile.contractVersion.split(".")[0]) >= 2;
      for (const { what, answer } of await provoke(context)) {
        const code = errorCode(answer);
        const known = code !== undefined &&
          (code in BASE_STATUS || (newer && (code in ADDITIVE_STATUS || code.startsWith("civdef_"))));
        context.must(of(answer, holds(known, `a code of the contract for ${what}`, shown(code))));
      }
    },
  }),
  defineCase({
    id: "core/transport/status-fits-the-code",
    requirement: "TRN-038",
    brokenBy: ["unauthorized-403", "not-found-400"],
    effects: "none",
    async run(context) {
      for (const { answer } of await provoke(context)) {
        const code = errorCode(answer) ?? "";
        const expected = BASE_STATUS[code];
        if (expected === undefined) continue;
        context.must(of(answer, holds(answer.status === expected, `${expected} for ${code}`, describe(answer))));
      }
    },
  }),
  defineCase({
    id: "core/transport/errors-echo-the-request-id",
    requirement: "TRN-039",
    brokenBy: ["request-id-only-on-success"],
    effects: "none",
    async run(context) {
      for (const { requestId, answer } of await provoke(context)) {
        context.must(headerEquals(answer, CALL_HEADERS.request_id, requestId));
      }
    },
  }),
  defineCase({
    id: "core/transport/error-members-have-their-types",
    requirement: "TRN-040",
    brokenBy: ["schema-hash-on-every-error", "error-message-as-list", "alternatives-as-text"],
    effects: "none",
    async run(context) {
      for (const { answer } of await provoke(context)) {
        const body = membersOf(answer);
        for (const [name, check] of Object.entries(MEMBER_CHECKS)) {
          if (Object.hasOwn(body, name)) context.must(of(answer, check(body[name], body)));
        }
      }
    },
  }),
  defineCase({
    id: "core/transport/signature-before-routing",
    requirement: "TRN-041",
    brokenBy: ["routing-before-signature"],
    effects: "none",
    async run({ target, actors, must }) {
      const answer = await target.call(actors.stranger(), UNKNOWN_NAME, {}, { signature: "broken" });
      must(refusedWith(answer, "invalid_signature"));
    },
  }),
  defineCase({
    id: "core/transport/membership-before-routing",
    requirement: "TRN-042",
    brokenBy: ["routing-before-membership"],
    effects: "none",
    async run({ target, actors, must }) {
      must(refusedWith(await target.call(actors.stranger(), UNKNOWN_NAME), "unauthorized"));
    },
  }),
  defineCase({
    id: "core/transport/refused-call-has-no-effect",
    requirement: "TRN-044",
    brokenBy: ["executes-before-authentication"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const alice = await actors.member();
      const before = await target.head();
      const post = uniquePost(context);
      must(refusedWith(await target.call(alice, "market.post", post, { signature: "broken" }), "invalid_signature"));
      const list = await target.call(alice, "market.list", { limit: 100 });
      const { posts } = must.get(output(list));
      const titles = (Array.isArray(posts) ? posts : []).map((item) => isObject(item) ? item.title : undefined);
      must.hold(!titles.includes(post.title), "no post of the refused call", `${post.title} is listed`, list.exchange);
      const after = await target.head();
      if (!target.profile.features.has("fresh") || before === undefined) return;
      must.hold(after === before, `a head of ${before} as before`, `${after}`);
    },
  }),
];
