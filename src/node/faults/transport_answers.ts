/** Faults of the reference node: headers, statuses and bodies of answers. */

import { CALL_HEADERS, canonicalBytes, isObject, type JsonObject, signText } from "../../protocol/mod.ts";
import { faults, type OutboundAnswer } from "../fault.ts";
import { soundRules } from "../rules.ts";

const CALL = "/bus/v1/call";
/** Milliseconds per second. */
const SECOND_MS = 1000;

/** Changes successful JSON answers of the call endpoint. */
const onSuccess = (change: (answer: OutboundAnswer) => OutboundAnswer) => (answer: OutboundAnswer): OutboundAnswer =>
  answer.route === CALL && answer.status === 200 && isObject(answer.body) ? change(answer) : answer;

/** Changes error answers of the call endpoint. */
const onError =
  (change: (body: JsonObject, answer: OutboundAnswer) => Partial<OutboundAnswer>) =>
  (answer: OutboundAnswer): OutboundAnswer =>
    answer.route === CALL && answer.status >= 400 && isObject(answer.body)
      ? { ...answer, ...change(answer.body, answer) }
      : answer;

/** Sets a header, or takes it away. */
function withHeader(answer: OutboundAnswer, name: string, value: string | undefined): OutboundAnswer {
  const others = answer.headers.filter(([n]) => n.toLowerCase() !== name.toLowerCase());
  return { ...answer, headers: value === undefined ? others : [...others, [name, value]] };
}

const valueOf = (answer: OutboundAnswer, name: string) =>
  answer.headers.find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1] ?? "";

const replaceCode = (from: string, to: string, status: number) =>
  onError((body) => body.error === from ? { status, body: { ...body, error: to } } : {});

const MUTATING = /\.(post|invite|revoke|ingest|expire)$|^chat\.send$/;

/** Id a node makes up for its answer. */
const OWN_ID = "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B";

export const answerFaults = faults({
  "answers-created": {
    breaks: [
      "TRN-001",
      "LLM-006",
      "LLM-007",
      "LLM-008",
      "LLM-017",
      "LLM-025",
      "LLM-030",
      "LLM-039",
      "LLM-042",
      "LLM-045",
      "LLM-057",
      "LLM-063",
      "TRN-002",
      "TRN-003",
      "TRN-004",
      "TRN-005",
      "TRN-006",
      "TRN-007",
      "TRN-026",
      "TRN-033",
      "TRN-034",
      "TRN-044",
      "TRN-058",
      "TRN-066",
      "TRN-069",
      "TRN-070",
      "TRN-071",
      "TRN-072",
      "WSK-006",
      "WSK-018",
      "WSK-038",
      "WSK-042",
      "WSK-043",
      "WSK-044",
      "WSK-045",
      "*",
    ],
    outbound: onSuccess((answer) => ({ ...answer, status: 201 })),
  },
  "answers-as-text": {
    breaks: ["TRN-001", "LLM-007", "FIL-001", "FIL-022", "KBS-001"],
    outbound: onSuccess((answer) => withHeader(answer, "Content-Type", "text/plain")),
  },
  "answer-with-fresh-request-id": {
    breaks: ["TRN-002"],
    outbound: onSuccess((answer) => withHeader(answer, CALL_HEADERS.request_id, OWN_ID)),
  },
  "answer-from-caller": {
    breaks: ["TRN-003", "TRN-007", "TOK-006"],
    outbound: onSuccess((answer) =>
      withHeader(answer, CALL_HEADERS.from, answer.request.headers.get(CALL_HEADERS.from.toLowerCase()))
    ),
  },
  "answer-timestamp-copied": {
    breaks: ["TRN-004"],
    outbound: onSuccess((answer) =>
      withHeader(answer, CALL_HEADERS.timestamp, answer.request.headers.get(CALL_HEADERS.timestamp.toLowerCase()))
    ),
  },
  "answer-timestamp-unix": {
    breaks: ["TRN-004"],
    outbound: onSuccess((answer) => {
      const ms = Date.parse(valueOf(answer, CALL_HEADERS.timestamp));
      return withHeader(answer, CALL_HEADERS.timestamp, String(Math.floor(ms / SECOND_MS)));
    }),
  },
  "answers-never-signed": {
    breaks: ["TRN-005", "TRN-006", "TRN-007"],
    rules: { signsAnswer: () => false },
  },
  "answer-signature-untagged": {
    breaks: ["TRN-005", "TRN-006", "TRN-007"],
    outbound: onSuccess((answer) =>
      withHeader(answer, CALL_HEADERS.signature, valueOf(answer, CALL_HEADERS.signature).replace("ed25519:", ""))
    ),
  },
  "mutations-not-signed": {
    breaks: ["TRN-006", "TRN-007"],
    rules: { signsAnswer: (capability) => !MUTATING.test(capability) },
  },
  "only-posts-signed": {
    breaks: ["TRN-006", "TRN-007"],
    rules: { signsAnswer: (capability) => capability === "market.post" || !MUTATING.test(capability) },
  },
  "answer-signature-of-nothing": {
    breaks: ["TRN-007"],
    rules: { signAnswer: (identity) => signText(identity, new Uint8Array(0)) },
  },
  "answer-signature-constant": {
    breaks: ["TRN-007"],
    rules: { signAnswer: (identity) => signText(identity, canonicalBytes({ node: identity.id })) },
  },
  "answers-http-1.0": {
    breaks: ["TRN-008"],
    outbound: (answer) => ({
      ...answer,
      headers: [...answer.headers, ["X-Served-By", "legacy"]],
      version: "HTTP/1.0",
      connection: "close",
    }),
  },

  "error-named-detail": {
    breaks: [
      "TRN-036",
      "TRN-037",
      "BUS-021",
      "WSK-025",
      "IDN-063",
      "IDN-064",
      "IDN-066",
      "IDN-067",
      "BUS-014",
      "BUS-022",
      "BUS-046",
      "FIL-018",
      "FIL-033",
      "FIL-040",
      "FIL-046",
      "KBS-010",
      "KBS-028",
      "KBS-045",
      "LLM-010",
      "LLM-030",
      "LLM-055",
      "LLM-059",
      "MKT-034",
      "MKT-035",
      "CHT-013",
      "CHT-014",
      "EMB-014",
    ],
    outbound: onError(({ error, ...body }) => error === "not_found" ? { body: { ...body, detail: error } } : {}),
  },
  "errors-as-text": {
    breaks: ["TRN-036", "TRN-053"],
    outbound: onError((_, answer) => ({ headers: withHeader(answer, "Content-Type", "text/plain").headers })),
  },
  "error-code-forbidden": {
    breaks: [
      "TRN-037",
      "TRN-042",
      "IDN-038",
      "IDN-071",
      "IDN-073",
      "IDN-074",
      "IDN-075",
      "IDN-076",
      "BUS-033",
      "PRO-015",
      "EVT-028",
      "TOK-018",
      "TOK-050",
      "TOK-040",
      "TOK-058",
      "TOK-066",
      "FIL-021",
      "FIL-034",
      "FIL-050",
      "KBS-021",
      "KBS-027",
      "KBS-046",
      "LLM-032",
      "LLM-060",
      "MKT-015",
      "MKT-027",
      "MKT-030",
      "MKT-032",
      "CHT-019",
      "CHT-022",
      "CHT-023",
      "EMB-017",
    ],
    outbound: replaceCode("unauthorized", "forbidden", 403),
  },
  "error-code-validation": {
    breaks: [
      "TRN-037",
      "TRN-015",
      "TRN-016",
      "TRN-017",
      "TRN-025",
      "TRN-027",
      "TRN-028",
      "TRN-029",
      "TRN-030",
      "IDN-040",
      "IDN-041",
      "IDN-072",
      "BUS-019",
      "BUS-023",
      "BUS-024",
      "BUS-025",
      "BUS-026",
      "TOK-016",
      "TOK-017",
      "TOK-019",
      "TOK-030",
      "TOK-035",
      "TOK-036",
      "FIL-019",
      "KBS-008",
      "KBS-011",
      "KBS-012",
      "KBS-013",
      "KBS-029",
      "KBS-030",
      "KBS-031",
      "KBS-044",
      "LLM-011",
      "LLM-012",
      "LLM-013",
      "LLM-014",
      "LLM-015",
      "LLM-016",
      "LLM-021",
      "LLM-031",
      "LLM-040",
      "LLM-052",
      "LLM-053",
      "LLM-058",
      "MKT-005",
      "MKT-007",
      "MKT-010",
      "MKT-012",
      "MKT-023",
      "MKT-033",
      "MKT-049",
      "CHT-012",
      "CHT-015",
      "CHT-016",
      "EMB-010",
      "EMB-011",
      "EMB-012",
      "EMB-015",
      "OPS-034",
      "OPS-047",
    ],
    outbound: replaceCode("bad_request", "validation_error", 400),
  },
  "unauthorized-403": {
    breaks: [
      "TRN-038",
      "TRN-042",
      "IDN-038",
      "IDN-071",
      "IDN-073",
      "IDN-074",
      "IDN-075",
      "IDN-076",
      "BUS-033",
      "PRO-015",
      "EVT-028",
      "TOK-018",
      "TOK-050",
      "TOK-040",
      "TOK-058",
      "TOK-066",
      "FIL-021",
      "FIL-034",
      "FIL-050",
      "KBS-021",
      "KBS-027",
      "KBS-046",
      "LLM-032",
      "LLM-060",
      "MKT-015",
      "MKT-027",
      "MKT-030",
      "MKT-032",
      "CHT-019",
      "CHT-022",
      "CHT-023",
      "EMB-017",
    ],
    rules: { statusOf: (code) => code === "unauthorized" ? 403 : soundRules.statusOf(code) },
  },
  "not-found-400": {
    breaks: [
      "TRN-038",
      "BUS-021",
      "IDN-063",
      "IDN-064",
      "IDN-066",
      "IDN-067",
      "BUS-014",
      "BUS-022",
      "BUS-046",
      "FIL-018",
      "FIL-033",
      "FIL-040",
      "FIL-046",
      "KBS-010",
      "KBS-028",
      "KBS-045",
      "LLM-010",
      "LLM-030",
      "LLM-059",
      "MKT-034",
      "MKT-035",
      "CHT-013",
      "CHT-014",
      "EMB-014",
    ],
    rules: { statusOf: (code) => code === "not_found" ? 400 : soundRules.statusOf(code) },
  },
  "request-id-only-on-success": {
    breaks: ["TRN-039"],
    outbound: onError((_, answer) => ({ headers: withHeader(answer, CALL_HEADERS.request_id, undefined).headers })),
  },
  "retry-after-with-unit": {
    breaks: ["TRN-060", "TRN-061", "BUS-037", "TOK-046", "LLM-035"],
    outbound: onError((body) =>
      body.retry_after_ms === undefined ? {} : { body: { ...body, retry_after_ms: `${body.retry_after_ms} ms` } }
    ),
  },
  "schema-hash-on-every-error": {
    breaks: ["TRN-040", "BUS-020"],
    outbound: onError((body) => ({ body: { ...body, schema_hash_expected: `blake3:${"0".repeat(64)}` } })),
  },
  "error-message-as-list": {
    breaks: ["TRN-040"],
    outbound: onError((body) => ({ body: { ...body, message: [body.message ?? ""] } })),
  },
  "alternatives-as-text": {
    breaks: ["TRN-040"],
    outbound: onError((body) => ({ body: { ...body, alt_capabilities: "market.list@1.0" } })),
  },
  "limit-without-body": {
    breaks: ["TRN-059", "TRN-060", "TRN-061", "TRN-065", "TOK-046"],
    outbound: onError((body) => body.error === "rate_limited" ? { body: "" } : {}),
  },
});
