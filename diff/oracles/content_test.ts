import { base64url, cidOf, type Json, type JsonObject, utf8 } from "../../src/protocol/mod.ts";
import { modelOracles } from "./models.ts";
import { storeOracles } from "./stores.ts";
import { assertTable, type Row, type Told } from "./testing.ts";
import { tokenOracles } from "./tokens.ts";

const ID = `ed25519:${"A".repeat(43)}`;
const OTHER = `ed25519:${"B".repeat(43)}`;
const ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const LATER = "01ARZ3NDEKTSV4RRFFQ69G5FAW";
const AT = "2027-03-14T00:00:00Z";
const BYTES = utf8("well");
const CID = cidOf(BYTES);
const DATA = base64url(BYTES);
const NO_CID = `blake3:${"7".repeat(64)}`;

const call = (
  capability: string,
  output: JsonObject,
  input: JsonObject = {},
  more: Told = {},
  meta: JsonObject = {},
): Told => ({
  capability,
  input,
  value: { output, meta: { ms: 1, ...meta } },
  ...more,
});
const frames = (
  capability: string,
  list: readonly (readonly [string, Json])[],
  input: JsonObject = {},
  more: Told = {},
): Told => ({
  capability,
  input,
  frames: list,
  ...more,
});

Deno.test("each rule of files and retrieval is kept by a legal answer and broken by a changed one", () => {
  const read = (change: JsonObject) =>
    call("file.read", { cid: CID, size_bytes: BYTES.length, data_b64: DATA, ...change }, { cid: CID });
  const MANIFEST = { cid: NO_CID, size_bytes: BYTES.length, chunk_size_bytes: 262144, chunks: [{ i: 0, cid: CID }] };
  const chunk = (i: number, data = DATA): readonly [string, Json] => ["chunk", { i, cid: CID, data_b64: data }];
  const streamed = (manifest: JsonObject, chunks = [chunk(0)], done: Json = { chunks: chunks.length, ms: 1 }) =>
    frames("file.read", [["manifest", { ...MANIFEST, ...manifest }], ...chunks, ["done", done]]);
  const list = (cids: Json[], prefix?: string) => call("file.list", { cids }, prefix === undefined ? {} : { prefix });
  const advertise = (recorded: number) => call("file.advertise", { recorded }, { cids: [NO_CID] });
  const HIT = { rank: 1, score: 0.5, text: "x", metadata: { doc_cid: CID, doc_title: "t", chunk_id: "1" } };
  const query = (
    chunks: JsonObject[],
    input: JsonObject = {},
    meta: JsonObject = { corpus: "maps", embedding_model: "m" },
  ) => call("rag.query", { chunks }, input, { params: { corpus: "maps" } }, meta);
  const ingest = (cid: string) =>
    call("rag.ingest", { doc_cid: cid, chunks_indexed: 1, tokens_indexed: 1 }, { doc_cid: CID }, {
      params: { corpus: "maps" },
    }, {
      corpus: "maps",
      ingest_event_id: ULID,
    });
  const corpora = (...corpora: Json[]) => call("rag.list_corpora", { corpora });
  const CORPUS = { name: "maps", docs: 1, chunks: 1, size_bytes: 4, language_majority: "en" };
  const ranked = (rank: number, score: number, id = String(rank)) => ({
    ...HIT,
    rank,
    score,
    metadata: { ...HIT.metadata, chunk_id: id },
  });
  const hits = (count: number) => Array.from({ length: count }, (_, i) => ranked(i + 1, 0.5));
  assertTable(storeOracles, [
    ["FIL-001", read({}), read({ size_bytes: "4" })],
    ["FIL-002", read({}), read({ cid: NO_CID })],
    ["FIL-003", read({}), read({ data_b64: "AAAA" })],
    ["FIL-004", read({}), read({ size_bytes: 5 })],
    ["FIL-051", read({}), read({ data_b64: `${DATA}==` })],
    ["FIL-006", streamed({}), streamed({ chunks: [{ i: 1, cid: CID }] })],
    ["FIL-007", streamed({}), streamed({ chunk_size_bytes: 1024 })],
    ["FIL-008", streamed({}), streamed({ size_bytes: 300_000 })],
    ["FIL-010", streamed({}), streamed({}, [])],
    ["FIL-011", streamed({}), streamed({}, [chunk(0, "AAAA")])],
    ["FIL-013", streamed({}, [chunk(0), chunk(1)]), streamed({}, [chunk(1), chunk(0)])],
    ["FIL-014", streamed({}), streamed({}, [chunk(0)], { chunks: 2, ms: 1 })],
    ["FIL-025", list([CID]), list(["blake3:00"])],
    ["FIL-026", list([CID], "blake3:"), list([CID], "nothing")],
    ["FIL-033", [advertise(1), list([CID])], [advertise(1), list([CID, NO_CID])]],
    ["FIL-029", advertise(1), advertise(0)],
    ["KBS-002", query([HIT]), query([{ ...HIT, metadata: {} }])],
    ["KBS-003", query(hits(2)), query([ranked(2, 1)])],
    ["KBS-004", query([ranked(1, 1), ranked(2, 0)]), query([ranked(1, 0), ranked(2, 1)])],
    ["KBS-005", query(hits(5)), query(hits(6))],
    ["KBS-006", query(hits(2), { k: 2 }), query(hits(3), { k: 2 })],
    ["KBS-015", query([{ ...HIT, text: null }], { include_text: false }), query([HIT], { include_text: false })],
    ["KBS-014", query([HIT]), query([{ ...HIT, text: "" }])],
    ["KBS-040", query(hits(2)), query([ranked(1, 1, "a"), ranked(2, 1, "a")])],
    ["KBS-019", query([HIT]), query([HIT], {}, { corpus: "other", embedding_model: "m" })],
    ["KBS-022", ingest(CID), ingest(NO_CID)],
    ["KBS-045", corpora(CORPUS), corpora({ ...CORPUS, name: "personal" })],
    ["KBS-041", corpora(CORPUS), corpora("maps")],
  ]);
});

Deno.test("each rule of embedding and generation is kept by a legal answer and broken by a changed one", () => {
  const embed = (embeddings: Json, input: JsonObject = { texts: ["a", "b"] }, dim: Json = 2, model = "m") =>
    call("embed.text", { embeddings, dim }, input, { params: { model: "m" } }, { model });
  const UNIT = [[1, 0], [0, 1]];
  const LONG = [[3, 4], [4, 3]];
  const TOKEN = ["token", { text: "Once" }] as const;
  const END = { tokens_out: 1, stop_reason: "end", ms: 1 };
  const chat = (list: readonly (readonly [string, Json])[], input: JsonObject = {}, more: Told = {}) =>
    frames("llm.chat", list, input, more);
  const done = (change: JsonObject = {}, input: JsonObject = {}, text = "Once") =>
    chat([["token", { text }], ["done", { ...END, ...change }]], input);
  const META = { model: "m", tokens_in: 1, tokens_out: 1, stop_reason: "end" };
  const whole = (output: JsonObject, input: JsonObject = {}, meta: JsonObject = META, capability = "llm.chat") =>
    call(capability, output, input, { params: { model: "m" } }, meta);
  const MESSAGE = { message: { role: "assistant", content: "Once" } };
  const complete = (output: JsonObject, input: JsonObject = {}, meta: JsonObject = META) =>
    whole(output, input, meta, "llm.complete");
  const after = (...list: readonly (readonly [string, Json])[]) => chat([TOKEN, ["done", END], ...list]);
  const calls = (given: Json): readonly (readonly [string, Json])[] => [
    ["tool_call_delta", { id: "1", arguments_delta: '{"a":' }],
    ["tool_call_delta", { id: "1", arguments_delta: "1}" }],
    ["tool_call", { id: "1", name: "n", arguments: given }],
    ["done", END],
  ];
  const two: Told = { step: { version: "2.0" } };
  const raw = (text: string): Told => ({
    ...done(),
    more: { frames: [{ event: "token", data: { text: "a" }, text }] },
  });
  const seeded = (text: string, stream: boolean): Told =>
    stream
      ? done({}, { seed: 7, stream }, text)
      : whole({ message: { role: "assistant", content: text } }, { seed: 7, stream });
  const unnamed = (one: Told): Told => ({ ...one, params: {} });
  assertTable(modelOracles, [
    ["EMB-001", embed(UNIT), embed([1, 0, 0, 1])],
    ["EMB-002", embed(UNIT), embed(UNIT, undefined, 768)],
    ["EMB-003", embed(UNIT), embed(LONG)],
    ["EMB-004", embed(UNIT, { texts: ["a"], normalize: true }), embed(LONG, { texts: ["a"], normalize: true })],
    ["EMB-008", embed(UNIT), embed([[1, 0], [1, 0]])],
    ["EMB-006", [embed(UNIT), embed(UNIT)], [embed(UNIT), embed([[0, 1], [1, 0]])]],
    ["EMB-016", embed(UNIT), embed(UNIT, undefined, 2, "other")],
    ["TRN-048", done(), chat([TOKEN])],
    ["TRN-049", done(), after(TOKEN)],
    ["TRN-056", { ...done(), more: { failure: "deadline" } }, { ...chat([TOKEN]), more: { failure: "deadline" } }],
    [
      "TRN-051",
      chat([["progress", { current: 1, total: 2, stage: "x" }], ["done", END]]),
      chat([["progress", { percent: 5 }], ["done", END]]),
    ],
    ["TRN-047", done(), chat([["token", "Once"], ["done", END]])],
    ["TRN-047", raw("event: token\ndata: {}\n\n"), raw("event: token\ndata: {\ndata: }\n\n")],
    ["LLM-056", done(), chat([["tool_call_delta", {}], ["done", END]])],
    [
      "LLM-041",
      frames("llm.complete", [TOKEN, ["done", END]]),
      frames("llm.complete", [["tool_call", {}], ["done", END]]),
    ],
    ["LLM-041", frames("llm.complete", [TOKEN, ["done", END]]), complete({ text: "x" })],
    ["LLM-002", done(), chat([["token", { content: "Once" }], ["done", END]])],
    ["LLM-046", chat(calls({ a: 1 }), {}, two), chat(calls('{"a":1}'), {}, two)],
    ["LLM-047", chat(calls({ a: 1 }), {}, two), chat(calls({ a: 2 }), {}, two)],
    [
      "LLM-048",
      chat([TOKEN, ["done", END]], { tool_choice: "none" }, two),
      chat(calls({ a: 1 }), { tool_choice: "none" }, two),
    ],
    [
      "LLM-049",
      chat(calls({ a: 1 }), { tool_choice: "required", tools: [{}] }, two),
      chat([TOKEN, ["done", END]], {
        tool_choice: "required",
        tools: [{}],
      }, two),
    ],
    ["LLM-001", done(), whole(MESSAGE)],
    ["LLM-007", whole(MESSAGE, { stream: false }), done({}, { stream: false })],
    ["LLM-007", whole(MESSAGE), whole({ text: "Once" })],
    ["LLM-042", complete({ text: "x" }), complete(MESSAGE)],
    ["LLM-008", whole(MESSAGE), whole(MESSAGE, {}, { ...META, tokens_in: 0 })],
    ["LLM-005", done(), done({ tokens_out: "1" })],
    ["LLM-006", done(), done({ stop_reason: "length" })],
    ["LLM-018", done({}, { max_tokens: 1 }), done({ tokens_out: 2 }, { max_tokens: 1 })],
    ["LLM-020", done(), done({ tokens_out: 1025 })],
    ["LLM-043", complete({ text: "x" }), complete({ text: "x" }, {}, { ...META, tokens_out: 257 })],
    [
      "LLM-019",
      done({ stop_reason: "max_tokens" }, { max_tokens: 1 }),
      done({ stop_reason: "max_tokens" }, { max_tokens: 5 }),
    ],
    ["LLM-026", done(), done({ tokens_out: 0 })],
    ["LLM-044", complete({ text: "x" }, { stop: ["y"] }), complete({ text: "xy" }, { stop: ["y"] })],
    ["LLM-022", done({}, { stop: "y" }, "x"), done({}, { stop: "y" }, "xy")],
    ["LLM-009", whole(MESSAGE), whole(MESSAGE, {}, { ...META, model: "other" })],
    ["LLM-024", [seeded("a", true), seeded("a", true)], [seeded("a", true), seeded("b", true)]],
    ["LLM-025", [seeded("a", true), unnamed(seeded("a", false))], [seeded("a", true), unnamed(seeded("b", false))]],
  ]);
});

const HEADER = { alg: "EdDSA", typ: "hntoken", v: 1 };
const PAYLOAD = {
  iss: ID,
  sub: OTHER,
  iat: 1000,
  exp: 4600,
  jti: ULID,
  aud: ID,
  scope: { capabilities: ["market.list@1.0"], rate_limit_per_minute: 30 },
};

Deno.test("each rule of an issued token is kept by a legal one and broken by a changed one", () => {
  const encoded = (value: Json) => base64url(utf8(JSON.stringify(value)));
  const textOf = (header: JsonObject, payload: JsonObject) =>
    `hntoken://v1/${encoded(header)}.${encoded(payload)}.${base64url(new Uint8Array(64))}`;
  const issue = (
    token: string,
    id: string = ULID,
    input: JsonObject = {},
    signature: "valid" | "invalid" = "valid",
  ): Told =>
    call("auth.token.issue", { token, token_id: id }, {
      subject: OTHER,
      audience: ID,
      scope: { capabilities: ["market.list@1.0"], rate_limit_per_minute: 30 },
      ...input,
    }, { headers: [["X-HearthNet-From", ID]], more: { signatures: new Map([["output.token", signature]]) } });
  const legal = issue(textOf(HEADER, PAYLOAD));
  const payload = (requirement: string, change: JsonObject, input: JsonObject = {}): Row => [
    requirement,
    issue(textOf(HEADER, PAYLOAD), ULID, input),
    issue(textOf(HEADER, { ...PAYLOAD, ...change }), ULID, input),
  ];
  const introspected = (output: JsonObject) => call("auth.token.introspect", { active: true, ...output });
  assertTable(tokenOracles, [
    ["TOK-002", legal, issue("hntoken://v1/abc")],
    ["TOK-003", legal, issue(textOf({ ...HEADER, typ: "JWT" }, PAYLOAD))],
    payload("TOK-004", { exp: "soon" }),
    payload("TOK-006", { iss: OTHER }),
    ["TOK-005", legal, issue(textOf(HEADER, PAYLOAD), ULID, {}, "invalid")],
    payload("TOK-007", { sub: ID }),
    ["TOK-001", legal, call("auth.token.issue", { token: "x" })],
    ["TOK-008", legal, issue(textOf(HEADER, PAYLOAD), LATER)],
    payload("TOK-009", { exp: 9000 }, { ttl_seconds: 3600 }),
    payload("TOK-010", { exp: 9000 }),
    payload("TOK-011", { scope: { capabilities: ["*"] } }),
    payload("TOK-012", { aud: OTHER }),
    payload("TOK-013", { scope: { capabilities: ["market.list@1.0"] } }),
    payload("TOK-014", { note: "x".repeat(900) }),
    ["TOK-062", introspected({ scope: {}, expires_at: AT }), introspected({ expires_at: AT })],
  ]);
});
