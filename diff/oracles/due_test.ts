import type { Json } from "../../src/protocol/mod.ts";
import { busDues } from "./due_bus.ts";
import { serviceDues } from "./due_services.ts";
import { tokenDues } from "./due_tokens.ts";
import { assertTable, type Row, type Told } from "./testing.ts";

const answered = (status: number, code?: string): Told => ({
  status,
  value: (code === undefined ? { output: {} } : { error: code }) as Json,
});
const OK = answered(200);
const BAD = answered(400, "bad_request");
const SIGNATURE = answered(401, "invalid_signature");
const STRANGER = answered(401, "unauthorized");
const MISSING = answered(404, "not_found");
const CRASH = answered(500, "internal_error");
const SCOPE = answered(403, "token_scope_insufficient");

/** The same step answered in two ways. */
const row = (requirement: string, step: Told, legal: Told, broken: Told): Row => [
  requirement,
  { ...step, ...legal },
  { ...step, ...broken },
];
const at = (requirement: string, origin: string, legal: Told, broken: Told, more: Told = {}) =>
  row(requirement, { origin, ...more }, legal, broken);
const outsider = (requirement: string, capability: string) =>
  row(requirement, { origin: `${capability}/stranger`, capability, as: "s1" }, STRANGER, BAD);
const burst = (requirement: string, origin: string, legal: number[], broken: number[], capability = "market.list") =>
  row(
    requirement,
    { origin, capability, step: { parallel: 2 } },
    { more: { outcomes: legal, spanMs: 100 } },
    { more: { outcomes: broken, spanMs: 100 } },
  );
const many = (count: number, status: number) => Array.from({ length: count }, () => status);
const cancelled: Told = { capability: "llm.chat", step: { cancel_after: 2 } };
const full = answered(429, "capacity_exceeded");
/** A call after another one that took a slot. */
const slots = (requirement: string, user: Told): Row => {
  const before = [user, { capability: "file.list" }, { capability: "llm.chat", ...BAD, ...user, step: {} }];
  return [requirement, [...before, { capability: "llm.chat", ...OK }], [...before, {
    capability: "llm.chat",
    ...full,
  }]];
};

Deno.test("what is due to calls spoiled in themselves is told from what is not", () => {
  assertTable(busDues, [
    outsider("MKT-015", "market.post"),
    outsider("MKT-027", "market.list"),
    outsider("CHT-019", "chat.send"),
    outsider("FIL-021", "file.read"),
    outsider("KBS-021", "rag.query"),
    outsider("LLM-032", "llm.chat"),
    outsider("EMB-017", "embed.text"),
    outsider("TOK-018", "auth.token.issue"),
    outsider("IDN-038", "file.list"),
    at("TRN-042", "order/unknown-body", STRANGER, MISSING, { as: "s1", capability: "market.fly" }),
    at("IDN-039", "revoked caller", answered(403, "revoked"), STRANGER),
    at("BUS-033", "order/level-body", STRANGER, BAD),
    at("KBS-027", "levels/member", STRANGER, BAD, { capability: "rag.ingest" }),
    at("FIL-034", "levels/member", STRANGER, BAD, { capability: "file.put" }),
    at("FIL-050", "levels/member", STRANGER, BAD, { capability: "file.put.resume" }),
    at("IDN-042", "signature/broken", SIGNATURE, OK),
    at("TRN-014", "signature/none", SIGNATURE, OK),
    at("IDN-044", "signature/no-prefix", SIGNATURE, OK),
    at("IDN-045", "signature/short", SIGNATURE, CRASH),
    at("IDN-046", "signature/padded", SIGNATURE, OK),
    at("IDN-047", "signature/malleable", SIGNATURE, OK),
    at("IDN-048", "signature/body-alone", SIGNATURE, OK),
    at("IDN-050", "signature/pretty", SIGNATURE, OK),
    at("IDN-043", "from/other", SIGNATURE, OK),
    at("IDN-040", "from/short-form", BAD, OK),
    at("IDN-041", "from/no-tag", BAD, CRASH),
    at("TRN-016", "headers/without-version", BAD, OK),
    at("TRN-015", "headers/without-from", BAD, OK),
    at("TRN-017", "headers/without-timestamp", BAD, OK),
    at("TRN-018", "headers/other-capability-signed", SIGNATURE, OK),
    at("TRN-019", "headers/other-version-signed", SIGNATURE, OK),
    at("TRN-020", "headers/other-request_id-signed", SIGNATURE, OK),
    at("TRN-021", "headers/other-community-signed", SIGNATURE, answered(404, "not_federated")),
    at("TRN-021", "headers/foreign-community-sent", SIGNATURE, OK),
    at("TRN-022", "headers/next-timestamp-signed", SIGNATURE, OK),
    at("TRN-023", "headers/less-body-signed", SIGNATURE, OK),
    at("TRN-026", "headers/lower-case", OK, BAD),
    at("TRN-033", "headers/media-text", BAD, answered(415)),
    at("TRN-025", "headers/timestamp", BAD, OK),
    at("TRN-024", "headers/foreign-community", answered(404, "not_federated"), OK),
    at("TRN-041", "order/unknown-broken", SIGNATURE, MISSING),
    at("BUS-013", "version/1.0", OK, MISSING),
    at("IDN-037", "canonical/plain", OK, STRANGER),
    at("BUS-013", "canonical/plain", OK, MISSING),
    at("BUS-014", "version/1.9", MISSING, OK),
    at("BUS-015", "version/2.0", MISSING, OK),
    at("BUS-016", "version/0.9", MISSING, OK),
    at("BUS-019", "version/one", BAD, CRASH),
    at("BUS-022", "unknown capability", MISSING, OK, { capability: "Market.List" }),
    at("BUS-021", "unknown capability", MISSING, BAD, { capability: "market.fly" }),
    at("TRN-027", "body/not-json", BAD, answered(422)),
    at("TRN-028", "body/empty", BAD, CRASH),
    at("TRN-029", "body/array", BAD, OK),
    at("BUS-026", "body/no-input", BAD, CRASH, { capability: "market.post" }),
    at("TRN-032", "body/repeated-name", BAD, CRASH),
    at("TRN-031", "body/nan", BAD, OK),
    at("TRN-030", "body/not-utf-8", BAD, CRASH),
    at("TRN-035", "body/very-deep", BAD, CRASH),
    at("TRN-034", "oversized", BAD, CRASH),
    at("TRN-061", "after a burst", OK, answered(429, "rate_limited")),
    burst("TRN-043", "burst/refused", many(24, 401), [...many(10, 401), 429]),
    burst("TRN-062", "burst", [...many(10, 200), 429], [...many(3, 200), ...many(8, 429)]),
    burst("TRN-062", "burst/two names", many(9, 404), [404, 429], "experimental.first"),
    burst("TRN-064", "burst/two names", many(9, 404), [404, 429], "experimental.second"),
    burst("LLM-034", "llm.chat/crowd", [200, 429], [200, 404]),
    burst("TRN-066", "burst/flood", [404, 0, 429], [404, 500]),
    burst("TRN-059", "burst", [...many(11, 200), ...many(13, 429)], many(24, 200)),
    slots("TRN-058", cancelled),
    slots("BUS-039", { capability: "llm.chat", ...BAD }),
    slots("BUS-038", { capability: "llm.chat", ...OK }),
  ]);
});

Deno.test("what is due to calls of services is told from what is not", () => {
  const refusal = (requirement: string, origin: string, legal = BAD, broken = OK, more: Told = {}) =>
    at(requirement, origin, legal, broken, more);
  const post = (input: Told["input"] & object): Told => ({ capability: "market.post", input });
  const self: Told = { as: "self" };
  assertTable(serviceDues, [
    at("MKT-001", "market.post/valid", OK, CRASH),
    at("MKT-003", "market.post/repeated", OK, BAD),
    refusal("MKT-005", "market.post/no-client-id"),
    at("MKT-006", "market.post/valid", OK, BAD, post({ category: "emergency", location: {} })),
    at("MKT-011", "market.post/valid", OK, BAD, post({ ttl_seconds: 2_592_000, location: {} })),
    at("MKT-014", "market.post/valid", OK, BAD, post({ category: "info" })),
    refusal("MKT-007", "market.post/unknown-category"),
    refusal("MKT-010", "market.post/ttl-too-long"),
    refusal("MKT-012", "market.post/ttl-negative"),
    refusal("BUS-023", "market.post/no-title"),
    refusal("BUS-024", "market.list/limit-text"),
    refusal("BUS-025", "market.list/category"),
    refusal("MKT-023", "market.list/limit-huge", BAD, CRASH),
    refusal("MKT-021", "market.list/limit-zero", BAD, CRASH),
    refusal("MKT-034", "market.expire/unknown", MISSING, OK, { input: { event_id: "01ARZ3NDEKTSV4RRFFQ69G5FAV" } }),
    refusal("MKT-035", "market.expire/unknown", STRANGER),
    refusal("MKT-049", "market.search/no-query"),
    at("MKT-044", "market.search/valid", { ...OK, value: { output: { posts: [] } } }, CRASH),
    at("MKT-017", "final market.list", OK, CRASH),
    at("CHT-001", "chat.send/valid", OK, CRASH),
    at("CHT-009", "chat.send/repeated", OK, BAD),
    refusal("CHT-012", "chat.send/no-client-id"),
    refusal("CHT-013", "chat.send/short-id"),
    refusal("CHT-014", "chat.send/no-member", MISSING),
    refusal("CHT-015", "chat.send/to-node"),
    refusal("CHT-016", "chat.send/empty"),
    refusal("CHT-023", "chat.history/other", STRANGER, OK, { input: { peer: "x" } }),
    refusal("CHT-022", "chat.history/other", STRANGER),
    at("CHT-024", "chat.history/self", OK, STRANGER, self),
    refusal("IDN-073", "community.revoke/alone", STRANGER, OK, { capability: "community.revoke" }),
    refusal("IDN-072", "community.invite/king"),
    at("IDN-068", "community.invite/member", OK, BAD),
    refusal("FIL-018", "file.read/unknown", MISSING),
    refusal("FIL-019", "file.read/missing", BAD, CRASH),
    refusal("FIL-020", "file.read/path", BAD, CRASH),
    at("FIL-028", "file.list", OK, MISSING, { input: { prefix: "nothing" } }),
    at("FIL-025", "final file.list", OK, MISSING),
    refusal("FIL-032", "file.advertise/no-cid"),
    at("FIL-030", "file.advertise/repeated", OK, BAD),
    at("FIL-029", "file.advertise/valid", OK, BAD),
    refusal("KBS-010", "rag.query/unknown-corpus", MISSING),
    refusal("KBS-011", "rag.query/no-corpus"),
    refusal("KBS-045", "rag.query/personal", MISSING),
    refusal("KBS-008", "rag.query/k-21"),
    refusal("KBS-009", "rag.query/k-zero"),
    refusal("KBS-013", "rag.query/empty-query"),
    refusal("KBS-012", "rag.query/no-query"),
    at("KBS-001", "rag.query/known", OK, CRASH),
    refusal("KBS-027", "rag.ingest", STRANGER),
    refusal("KBS-046", "rag.ingest", STRANGER, OK, { params: { corpus: "system" }, as: "t1" }),
    at("KBS-041", "final rag.list_corpora", OK, STRANGER),
    at("EMB-009", "embed.text/valid", OK, BAD, { input: { texts: Array.from({ length: 256 }, () => "a") } }),
    at("EMB-013", "embed.text/valid", OK, BAD, { input: { texts: ["x".repeat(8192)] } }),
    at("EMB-001", "embed.text/valid", OK, BAD),
    refusal("EMB-010", "embed.text/257"),
    refusal("EMB-011", "embed.text/none"),
    refusal("EMB-012", "embed.text/too-long"),
    refusal("EMB-014", "embed.text/unknown-model", MISSING),
    refusal("EMB-015", "embed.text/number"),
    refusal("BUS-026", "embed.text/no-model"),
    refusal("LLM-010", "llm.chat/unknown-model", MISSING),
    refusal("LLM-011", "llm.chat/no-model"),
    refusal("LLM-012", "llm.chat/empty-messages"),
    refusal("LLM-013", "llm.chat/no-messages", BAD, CRASH),
    refusal("LLM-014", "llm.chat/system-alone"),
    refusal("LLM-015", "llm.chat/role"),
    refusal("LLM-016", "llm.chat/two-users"),
    refusal("LLM-052", "llm.chat/unknown-tool-result"),
    refusal("LLM-021", "llm.chat/tokens-negative"),
    refusal("LLM-030", "llm.chat/wide-context", MISSING),
    refusal("LLM-031", "llm.chat/overlong"),
    at("LLM-017", "llm.chat/conversation", OK, BAD),
    at("LLM-045", "llm.complete/seed-null", OK, BAD),
    at("LLM-039", "llm.chat/other-model", OK, MISSING),
    at("LLM-001", "llm.chat/stream", OK, BAD),
    refusal("LLM-040", "llm.complete/missing"),
    refusal("LLM-053", "llm.chat/tools-too-many"),
    at("LLM-050", "llm.chat/tools-result", OK, BAD),
    refusal("LLM-049", "llm.chat/tools-named-unknown"),
    at("LLM-063", "llm.chat/tools-auto", OK, BAD),
    at("LLM-054", "llm.chat/two-text", OK, BAD),
    refusal("LLM-055", "llm.chat/two-image", MISSING),
    refusal("LLM-062", "llm.tools.call/deep"),
    refusal("LLM-059", "llm.tools.call/unknown", MISSING),
    refusal("LLM-060", "llm.tools.call/trusted-only", STRANGER),
    refusal("LLM-058", "llm.tools.call/refused-body"),
    refusal("LLM-061", "token with a tool/wrapper", SCOPE),
    at("PRO-001", "protocol.version.list", OK, STRANGER, { as: "s1" }),
    refusal("PRO-015", "protocol.conformance.report", STRANGER),
    at("PRO-022", "protocol.registry.announce/valid", OK, BAD),
    at("PRO-026", "protocol.registry.announce/future", OK, BAD),
    refusal("PRO-023", "protocol.registry.announce/no-vendor"),
    at("OPS-029", "GET /health", OK, STRANGER),
    at("IDN-024", "GET /community/manifest", OK, STRANGER),
    at("IDN-001", "GET /manifest", OK, STRANGER),
    refusal("TRN-073", "GET /pubsub/v1/subscribe"),
    at("TRN-067", "poll no.such.topic", OK, answered(204)),
    at("EVT-001", "GET /sync/v1/heads", OK, MISSING),
    refusal("EVT-008", "push/malformed-list", BAD, answered(422, "bad_request")),
    at("EVT-007", "push/malformed-empty", OK, BAD),
    at("EVT-012", "push/many", OK, BAD),
    at("EVT-031", "push/unknown-type", OK, CRASH),
    at("EVT-037", "push/again", OK, CRASH),
    at("EVT-004", "push/valid", OK, BAD),
  ]);
});

Deno.test("what is due to tokens is told from what is not", () => {
  const minted = (requirement: string, kind: string, legal: Told, broken = OK) =>
    at(requirement, `token minted/${kind}`, legal, broken, { step: { signature: "none" } });
  const invalid = answered(401, "token_invalid");
  const issue: Told = {
    capability: "auth.token.issue",
    step: { learn: { token1: "output.token" }, input: { subject: "${id.m2}" } },
    ...OK,
  };
  const presented = (token: string, as = "m1"): Told => ({
    as,
    step: { token: `\${${token}}`, signature: "none" },
  });
  const asked = (as: string): Told => ({
    as,
    capability: "auth.token.introspect",
    step: { input: { token: "${token1}" } },
  });
  const revoke: Told = {
    capability: "auth.token.revoke",
    step: { input: { token_id: "${token1id}" } },
    ...OK,
  };
  const active = (value: boolean): Told => ({ status: 200, value: { output: { active: value } } });
  const used = (answer: Told): Told => ({ origin: "token used/alone", ...presented("token1"), ...answer });
  const afterwards = (answer: Told): Told => ({ ...used(answer), origin: "token used/after revocation" });
  const introspected = (requirement: string, of: string) =>
    at(requirement, `auth.token.introspect/${of}`, active(false), active(true), asked("self"));
  const rated = (requirement: string, legal: number[], broken: number[]) =>
    burst(requirement, "token with a rate", legal, broken);
  const revoked = (answer: Told): Told[] => [
    issue,
    revoke,
    { origin: "auth.token.introspect/revoked", ...asked("self"), ...answer },
  ];
  const outsider = (answer: Told): Told[] => [issue, { origin: "auth.token.introspect", ...asked("b1"), ...answer }];
  assertTable(tokenDues, [
    at("TOK-001", "auth.token.issue/valid", OK, BAD),
    at("TOK-015", "auth.token.issue/repeated", OK, BAD),
    at("TOK-016", "auth.token.issue/too-long", BAD, OK),
    at("TOK-017", "auth.token.issue/unknown-capability", BAD, OK),
    at("TOK-019", "auth.token.issue/no-subject", BAD, OK),
    at("TOK-022", "token for tokens", SCOPE, OK),
    at("TOK-041", "token used elsewhere", SCOPE, OK),
    at("TOK-049", "token used/broken-signature", SIGNATURE, OK),
    ["TOK-057", [issue, revoke, afterwards(answered(401, "token_revoked"))], [issue, revoke, afterwards(OK)]],
    ["TOK-023", [issue, used(OK)], [issue, used(SIGNATURE)]],
    at("TOK-024", "token minted/good", OK, BAD),
    minted("TOK-029", "padded", invalid),
    minted("TOK-027", "signature", invalid),
    minted("TOK-028", "payload", invalid),
    minted("TOK-032", "own-key", invalid),
    minted("TOK-033", "other-key", invalid),
    minted("TOK-030", "alg-none", invalid),
    minted("TOK-031", "alg-hs256", invalid),
    minted("TOK-034", "typ", invalid),
    minted("TOK-035", "prefix", BAD),
    minted("TOK-037", "huge", BAD),
    minted("TOK-038", "expired", answered(410, "token_expired")),
    minted("TOK-039", "not-yet", answered(410, "token_expired")),
    minted("TOK-040", "audience", STRANGER),
    minted("TOK-041", "scope", SCOPE),
    minted("TOK-042", "star", SCOPE),
    minted("TOK-043", "major", SCOPE),
    minted("TOK-044", "constraint", SCOPE),
    minted("TOK-051", "stranger", invalid),
    at("TOK-058", "auth.token.revoke/other", STRANGER, OK, { law: { requirement: "TOK-058" } }),
    ["TOK-066", outsider(STRANGER), outsider(active(true))],
    introspected("TOK-064", "expired"),
    introspected("TOK-065", "signature"),
    ["TOK-063", revoked(active(false)), revoked(active(true))],
    rated("TOK-026", [200, 200, 429], [200, 401, 401]),
    rated("TOK-046", [200, 200, 429], [200, 200, 200]),
  ]);
});
