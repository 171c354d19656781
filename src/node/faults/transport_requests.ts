/** Faults of the reference node: what is made of request headers, signatures and bodies. */

import {
  type CallEnvelope,
  canonicalize,
  fromUtf8Lossy,
  isObject,
  type Json,
  type JsonObject,
  parseJson,
  timestamp,
  verifyCall,
} from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import { faults } from "../fault.ts";
import { soundRules } from "../rules.ts";
import type { SignedRequest } from "../rules/transport.ts";

const SECOND_MS = 1000;
const ULID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** Seconds by which a timestamp may be off for a node that does not look closely. */
const OFFSETS = [-2, -1, 0, 1, 2];
const DEEP = 64;

/** Takes a signature for right if it fits the envelope with one of other values in it. */
const withOneOf = (others: (request: SignedRequest) => readonly Partial<CallEnvelope>[]) => ({
  verifySignature: (request: SignedRequest): boolean =>
    soundRules.verifySignature(request) ||
    others(request).some((other) => verifyCall({ ...request.envelope, ...other }, request.signature)),
});

/** Only params and input of a body. */
function known(body: Json): Json {
  if (!isObject(body)) return body;
  const { params, input } = body;
  return { ...(params === undefined ? {} : { params }), ...(input === undefined ? {} : { input }) };
}

/** What a body looks like to a parser that takes numbers which are none for null. */
function permissive(bytes: Uint8Array): Json {
  const text = fromUtf8Lossy(bytes).replace(/":(NaN|Infinity|1e400)\b/, '":null');
  return text.includes('":null') ? parseJson(text) : soundRules.parseBody(bytes);
}

function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let most = 0;
  for (const byte of bytes) {
    if (byte === 0x5b) most = Math.max(most, ++depth);
    else if (byte === 0x5d) depth--;
  }
  return most;
}

/** Raised like any mistake a handler does not expect. */
function mishap(text: string): never {
  throw new TypeError(text);
}

export const requestFaults = faults({
  "unsigned-calls-trusted": {
    breaks: ["TRN-014"],
    rules: {
      verifySignature: (request) => request.signature === undefined || soundRules.verifySignature(request),
    },
  },
  "from-defaults-to-node": {
    breaks: ["TRN-015"],
    rules: {
      missingHeader: (name, core) => name === "from" ? core.identity.id : undefined,
      verifySignature: (request) => request.filled.includes("from") || soundRules.verifySignature(request),
    },
  },
  "version-defaults-to-newest": {
    breaks: ["TRN-016"],
    rules: {
      missingHeader: (name) => name === "version" ? "1.0" : undefined,
      verifySignature: (request) => request.filled.includes("version") || soundRules.verifySignature(request),
    },
  },
  "missing-headers-filled-in": {
    breaks: ["TRN-017"],
    rules: {
      missingHeader: (name, core) => {
        if (name === "community") return core.communityId;
        if (name === "timestamp") return timestamp(core.clock.wall());
        return name === "request_id" ? core.ids.next() : undefined;
      },
      verifySignature: (request) => request.filled.length > 0 || soundRules.verifySignature(request),
    },
  },
  "capability-not-signed": {
    breaks: ["TRN-018"],
    rules: withOneOf(({ core }) => core.bus.descriptors().map(({ name }) => ({ capability: name }))),
  },
  "version-not-signed": {
    breaks: ["TRN-019"],
    rules: withOneOf(() => [{ version: "1.0" }, { version: "2.0" }]),
  },
  "request-id-not-signed": {
    breaks: ["TRN-020"],
    rules: withOneOf(({ envelope: { request_id: id } }) =>
      [...ULID_ALPHABET].map((last) => ({ request_id: id.slice(0, -1) + last }))
    ),
  },
  "community-not-signed": {
    breaks: ["TRN-021"],
    rules: withOneOf(({ core }) => [{ community: core.communityId }]),
  },
  "timestamp-not-signed": {
    breaks: ["TRN-022"],
    rules: withOneOf(({ envelope }) => {
      const ms = Date.parse(envelope.timestamp);
      return Number.isNaN(ms) ? [] : OFFSETS.map((s) => ({ timestamp: timestamp(ms + s * SECOND_MS) }));
    }),
  },
  "unknown-body-members-not-signed": {
    breaks: ["TRN-023"],
    rules: withOneOf(({ envelope }) => [{ body: known(envelope.body) }]),
  },
  "nested-body-values-not-signed": {
    breaks: ["TRN-023"],
    rules: withOneOf(({ envelope }) => [{ body: parseJson(canonicalize(envelope.body).toLowerCase()) }]),
  },
  "foreign-community-ignored": {
    breaks: ["TRN-024"],
    rules: { foreignCommunity: () => undefined },
  },
  "timestamp-never-parsed": {
    breaks: ["TRN-025"],
    rules: { acceptTimestamp: () => true },
  },
  "timestamp-offset-accepted": {
    breaks: ["TRN-025"],
    rules: { acceptTimestamp: (text) => !Number.isNaN(Date.parse(text)) },
  },
  "header-names-exact": {
    breaks: ["TRN-026"],
    rules: { header: ({ list }, name) => list.find(([n]) => n === name)?.[1] },
  },
  "unknown-headers-refused": {
    breaks: ["TRN-026"],
    rules: {
      checkBody: (body) => soundRules.checkBody(body),
      header: (headers, name) => {
        const odd = headers.list.some(([n]) => /^x-hearthnet-weather/i.test(n));
        return odd ? undefined : soundRules.header(headers, name);
      },
    },
  },
  "malformed-json-422": {
    breaks: ["TRN-027", "TRN-028", "TRN-030", "TRN-031", "TRN-032", "TRN-035", "TRN-036", "TRN-037", "EVT-008"],
    outbound: (answer) =>
      isObject(answer.body) && answer.body.error === "bad_request" &&
        /^Cannot parse JSON/.test(String(answer.body.message))
        ? { ...answer, status: 422, body: { detail: [{ type: "json_invalid", loc: ["body"] }] } }
        : answer,
  },
  "empty-body-as-object": {
    breaks: ["TRN-028"],
    rules: { parseBody: (bytes) => bytes.length === 0 ? {} : soundRules.parseBody(bytes) },
  },
  "empty-body-fails": {
    breaks: ["TRN-028"],
    rules: { parseBody: (bytes) => bytes.length === 0 ? mishap("no body") : soundRules.parseBody(bytes) },
  },
  "body-list-fails": {
    breaks: ["TRN-029"],
    rules: { checkBody: (body) => isObject(body) ? body : mishap("body.get is not a function") },
  },
  "body-wrapped-into-object": {
    breaks: ["TRN-029", "WSK-042", "WSK-043", "WSK-044", "WSK-045"],
    rules: {
      checkBody: (body) => isObject(body) ? body : { params: {}, input: {} },
      verifySignature: (request) => {
        const raw = soundRules.parseBody(request.raw);
        return verifyCall({ ...request.envelope, body: raw }, request.signature);
      },
    },
  },
  "utf8-replaced": {
    breaks: ["TRN-030"],
    rules: { parseBody: (bytes) => parseJson(fromUtf8Lossy(bytes)) },
  },
  "utf8-crashes": {
    breaks: ["TRN-030"],
    rules: {
      parseBody: (bytes) => {
        new TextDecoder("utf-8", { fatal: true }).decode(bytes);
        return soundRules.parseBody(bytes);
      },
    },
  },
  "numbers-permissive": {
    breaks: ["TRN-031"],
    rules: { parseBody: permissive },
  },
  "huge-numbers-fail": {
    breaks: ["TRN-031"],
    rules: {
      parseBody: (bytes) =>
        /":\d+[eE]\d{3}/.test(fromUtf8Lossy(bytes)) ? mishap("number out of range") : soundRules.parseBody(bytes),
    },
  },
  "repeated-names-first-executed": {
    breaks: ["TRN-032"],
    rules: {
      parseBody: (bytes) => parseJson(bytes, { duplicates: "last" }),
      executedBody: (raw, signed) => firstWins(fromUtf8Lossy(raw), signed),
    },
  },
  "media-type-415": {
    breaks: ["TRN-033"],
    outbound: (answer) => {
      const type = answer.request.headers.get("content-type") ?? "application/json";
      const call = answer.route === "/bus/v1/call" && answer.request.method === "POST";
      if (!call || type.startsWith("application/json")) return answer;
      return { ...answer, status: 415, headers: [["Content-Type", "text/plain"]], body: "Unsupported Media Type" };
    },
  },
  "oversized-body-fails": {
    breaks: ["TRN-034"],
    rules: { oversized: () => new NodeError("internal_error", "Cannot allocate the body") },
  },
  "deep-nesting-fails": {
    breaks: ["TRN-035"],
    rules: {
      parseBody: (bytes) =>
        depthOf(bytes) > DEEP ? mishap("Maximum call stack size exceeded") : soundRules.parseBody(bytes),
    },
  },
  "routing-before-signature": {
    breaks: ["TRN-041", "TRN-042", "TRN-065"],
    rules: { callChecks: ["capability", "signature", "community", "revoked", "member", "rate"] },
  },
  "routing-before-membership": {
    breaks: ["TRN-042", "TRN-065"],
    rules: { callChecks: ["signature", "community", "revoked", "capability", "member", "rate"] },
  },
  "executes-before-authentication": {
    breaks: ["TRN-044"],
    rules: { callChecks: ["execute", "signature", "community", "revoked", "member", "rate"] },
  },
});

/** The title as a first-wins parser reads it. */
function firstWins(text: string, signed: JsonObject): JsonObject {
  const first = /"title":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  const { input } = signed;
  return first === undefined || !isObject(input)
    ? signed
    : { ...signed, input: { ...input, title: JSON.parse(first) } };
}
