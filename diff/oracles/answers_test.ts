import type { Json } from "../../src/protocol/mod.ts";
import { answerOracles } from "./answers.ts";
import { canonicalOracles } from "./canonical.ts";
import { assertTable, type Row, type Told } from "./testing.ts";

const ID = `ed25519:${"A".repeat(43)}`;
const SIGNATURE = `ed25519:${"C".repeat(86)}`;
const ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const JSON_TYPE = ["Content-Type", "application/json"] as const;
const OK: Json = { output: {}, meta: { ms: 1 } };
const error = (status: number, body: { [name: string]: Json }, type: readonly [string, string] = JSON_TYPE): Told => ({
  status,
  value: body,
  headers: [type],
});
const BAD = error(400, { error: "bad_request" });
const answer = (value: Json, headers: Told["headers"] & object = [], more: Told = {}): Told => ({
  value,
  headers: [JSON_TYPE, ...headers],
  sentHeaders: [`X-HearthNet-Request-Id: ${ULID}`, "X-HearthNet-From: somebody"],
  ...more,
});
const headed = (requirement: string, name: string, good: string, bad: string, more: Told = {}): Row => [
  requirement,
  answer(OK, [[name, good]], more),
  answer(OK, [[name, bad]], more),
];
const signed = (verdict: "envelope" | "invalid"): Told =>
  answer(OK, [], { more: { signatures: new Map([["header", verdict]]) } });
const limited = (code: string, more: { [name: string]: Json }, capability = "market.list"): Told => ({
  ...error(429, { error: code, ...more }),
  capability,
});
const streamed = (id: string): Told =>
  answer(OK, [["X-HearthNet-Request-Id", id], ["X-HearthNet-From", ID]], { frames: [["done", {}]] });

Deno.test("each rule for all answers is kept by a legal answer and broken by a changed one", () => {
  assertTable(answerOracles, [
    ["TRN-001", answer(OK), { ...answer(OK), status: 201 }],
    ["TRN-059", limited("rate_limited", { retry_after_ms: 1 }), { ...limited("x", {}), value: "" }],
    ["TRN-036", BAD, error(400, { detail: "bad_request" })],
    ["TRN-037", BAD, error(400, { error: "validation_error" })],
    ["TRN-038", BAD, error(422, { error: "bad_request" })],
    ["TRN-046", streamed(ULID), streamed("other")],
    ["TRN-039", { ...answer({ error: "bad_request" }, [["X-HearthNet-Request-Id", ULID]]), status: 400 }, {
      ...answer({ error: "bad_request" }),
      status: 400,
    }],
    headed("TRN-002", "X-HearthNet-Request-Id", ULID, "01ARZ3NDEKTSV4RRFFQ69G5FAW"),
    headed("TRN-003", "X-HearthNet-From", ID, "somebody"),
    headed("TRN-004", "X-HearthNet-Timestamp", "2027-03-14T00:00:00Z", "1804982400"),
    headed("TRN-006", "X-HearthNet-Signature", SIGNATURE, "none", { capability: "market.post" }),
    ["TRN-005", answer(OK, [["X-HearthNet-Signature", SIGNATURE]]), answer(OK)],
    ["TRN-007", signed("envelope"), signed("invalid")],
    ["TRN-008", answer(OK), { ...answer(OK), more: { version: "HTTP/1.0" } }],
    ["BUS-029", answer(OK), answer({ posts: [] })],
    ["BUS-030", answer(OK), answer({ output: {}, meta: { ms: -1 } })],
    ["TRN-060", limited("rate_limited", { retry_after_ms: 90 }), limited("rate_limited", { retry_after_ms: 0 })],
    [
      "LLM-035",
      limited("capacity_exceeded", { retry_after_ms: 250 }, "llm.chat"),
      limited("capacity_exceeded", {}, "llm.chat"),
    ],
    [
      "BUS-037",
      limited("capacity_exceeded", { retry_after_ms: 250 }),
      limited("capacity_exceeded", { retry_after_ms: 0.25 }),
    ],
    [
      "TRN-040",
      error(400, { error: "bad_request", message: "no" }),
      error(400, { error: "bad_request", message: ["no"] }),
    ],
  ]);
});

Deno.test("a signed call that is refused is put down to what no accepted body had", () => {
  const refused = { status: 401, value: { error: "invalid_signature" } };
  const body = (input: { [name: string]: Json }, more: Told = {}): Told => ({ input, ...more });
  const rule = (requirement: string, input: { [name: string]: Json }): Row => [
    requirement,
    [body({}), body(input)],
    [body({}), body(input, refused)],
  ];
  const rewritten = (requirement: string, text: string): Row => {
    const sent = (more: Told): Told => ({
      origin: "canonical/rewritten",
      step: { transmit: text },
      ...more,
      more: { sent: new TextEncoder().encode(`POST / HTTP/1.1\r\n\r\n${text}`) },
    });
    return [requirement, [body({}), sent({})], [body({}), sent(refused)]];
  };
  assertTable(canonicalOracles, [
    rule("IDN-061", { n: 9007199254740991 }),
    rule("IDN-057", { "10": 1 }),
    rule("IDN-059", { x: "e\u0301" }),
    rule("IDN-055", { x: "😀" }),
    rule("IDN-060", { x: null }),
    rule("IDN-058", { x: "a/b" }),
    rule("IDN-049", { x: "é" }),
    rule("IDN-062", { x: true }),
    rule("IDN-053", { x: 0.25 }),
    rule("IDN-056", { x: [[1]] }),
    rewritten("IDN-054", '{"input":{"x":"\\u00e9"},"params":{}}'),
    rewritten("IDN-052", '{ "input":{},"params":{}}'),
    rewritten("IDN-051", '{"params":{},"input":{}}'),
    ["IDN-037", [body({}), body({})], [body({}), body({}, refused)]],
  ]);
});
