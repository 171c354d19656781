import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { type JsonObject, utf8 } from "../../protocol/mod.ts";
import { samplePdf } from "../rag/testing.ts";
import { registerRag } from "./rag.ts";
import { Bench } from "./testing.ts";

const TOPICS = ["pump repair in the valley", "bread baking at home", "bee keeping for beginners", "river flood plans"];

async function ingest(bench: Bench, corpus: string, text: string | Uint8Array, more: JsonObject = {}) {
  const doc_cid = bench.core.blobs.putBlob(typeof text === "string" ? utf8(text) : text);
  const { output, meta } = await bench.call("rag.ingest", { corpus }, { doc_cid, ...more });
  return { cid: doc_cid, output, meta: meta ?? {} };
}

async function hits(bench: Bench, corpus: string, input: JsonObject): Promise<JsonObject[]> {
  return (await bench.call("rag.query", { corpus }, input)).output.chunks as JsonObject[];
}

const cidsOf = (chunks: readonly JsonObject[]) => chunks.map(({ metadata }) => (metadata as JsonObject).doc_cid);
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(" ");

Deno.test("an ingested document is found by a rare word, with its title", async () => {
  const bench = new Bench(registerRag);
  for (const topic of TOPICS) await ingest(bench, "guides", topic);
  const { cid, output, meta } = await ingest(bench, "guides", "The zwieblux valve turns left.", { title: "Valves" });
  assertEquals(output, { doc_cid: cid, chunks_indexed: 1, tokens_indexed: 5 });
  assertEquals(meta, { corpus: "guides", ingest_event_id: bench.events.at(-1)?.event_id as string });
  const [first] = await hits(bench, "guides", { query: "which way does the zwieblux valve turn?" });
  assertEquals(first?.metadata, { doc_cid: cid, doc_title: "Valves", chunk_id: `${cid.slice(7, 19)}-1` });
});

Deno.test("the event tells what was ingested, once for a corpus and document", async () => {
  const bench = new Bench(registerRag);
  const { cid, meta } = await ingest(bench, "a", TOPICS[0] ?? "", { title: "Pumps", language: "en" });
  const again = await ingest(bench, "a", TOPICS[0] ?? "");
  assertEquals(again.meta.ingest_event_id, meta.ingest_event_id as string);
  assertEquals(bench.events.map(({ data }) => data), [{
    corpus: "a",
    doc_cid: cid,
    title: "Pumps",
    language: "en",
    chunks: 1,
    on_behalf_of: "ed25519:caller",
  }]);
  await ingest(bench, "b", TOPICS[0] ?? "");
  assertEquals(bench.events.length, 2);
  assertEquals(cidsOf(await hits(bench, "b", { query: "pump" })), [cid]);
});

Deno.test("hits are ranked from one, by falling score, at most k, five without k, each time the same", async () => {
  const bench = new Bench(registerRag);
  for (let n = 0; n < 8; n++) await ingest(bench, "many", `${TOPICS[n % 4]} number ${n}`);
  const chunks = await hits(bench, "many", { query: "bee keeping" });
  assertEquals(chunks.map(({ rank }) => rank), [1, 2, 3, 4, 5]);
  const scores = chunks.map(({ score }) => score as number);
  assertEquals(scores, scores.toSorted((a, b) => b - a));
  assertEquals(await hits(bench, "many", { query: "bee keeping" }), chunks);
  for (const [k, count] of [[1, 1], [7, 7], [20, 8]] as const) {
    assertEquals((await hits(bench, "many", { query: "bee", k })).length, count);
  }
  for (const k of [0, -1, 2.5, "5", 21, 1000]) {
    assertEquals(await bench.refusal("rag.query", { corpus: "many" }, { query: "bee", k }), "bad_request");
  }
});

Deno.test("text is left out on request", async () => {
  const bench = new Bench(registerRag);
  await ingest(bench, "a", "some words");
  const [chunk] = await hits(bench, "a", { query: "words", include_text: false });
  assert(chunk !== undefined && !("text" in chunk) && "metadata" in chunk);
});

Deno.test("filters look at language and year", async () => {
  const bench = new Bench(registerRag);
  await ingest(bench, "a", "pumpe alt", { language: "de", metadata: { year: 1990 } });
  const { cid } = await ingest(bench, "a", "pomp nieuw", { language: "nl", metadata: { year: 2015 } });
  for (const filter of [{ language: "nl" }, { min_year: 2000 }, { min_year: 2015 }]) {
    assertEquals(cidsOf(await hits(bench, "a", { query: "pump", filter })), [cid]);
  }
  assertEquals(await hits(bench, "a", { query: "pump", filter: { min_year: 9000 } }), []);
});

Deno.test("queries without corpus or text, and of corpora that are not there, are refused", async () => {
  const bench = new Bench(registerRag);
  await ingest(bench, "a", "some words");
  const refusal = (params: JsonObject, input: JsonObject) => bench.refusal("rag.query", params, input);
  assertEquals(await refusal({ corpus: "nowhere" }, { query: "x" }), "not_found");
  assertEquals(await refusal({}, { query: "x" }), "bad_request");
  for (const query of [7, "", "   "]) assertEquals(await refusal({ corpus: "a" }, { query }), "bad_request");
  assertEquals(await refusal({ corpus: "a" }, {}), "bad_request");
});

Deno.test("long documents are split with overlap, pages of a PDF are named", async () => {
  const bench = new Bench(registerRag);
  const { output } = await ingest(bench, "long", numbered(5000));
  assertGreaterOrEqual(output.chunks_indexed as number, 5);
  const pdf = samplePdf(["alpha", "bravo", "charlie"].map((word) => `BT (${word} page) Tj ET`));
  await ingest(bench, "pages", pdf);
  for (const [word, page] of [["alpha", 1], ["bravo", 2], ["charlie", 3]] as const) {
    const [top] = await hits(bench, "pages", { query: word });
    assertEquals((top?.metadata as JsonObject).page, page);
  }
});

Deno.test("what cannot be ingested is refused and leaves nothing behind", async () => {
  const bench = new Bench(registerRag);
  const blob = (bytes: Uint8Array) => bench.core.blobs.putBlob(bytes);
  const refusal = (corpus: string, input: JsonObject) => bench.refusal("rag.ingest", { corpus }, input);
  assertEquals(await refusal("a", { doc_cid: `blake3:${"0".repeat(64)}` }), "not_found");
  assertEquals(await refusal("a", { title: "x" }), "bad_request");
  assertEquals(
    await refusal("a", { doc_cid: blob(Uint8Array.from({ length: 4096 }, (_, i) => i * 7)) }),
    "bad_request",
  );
  assertEquals(await refusal("a", { doc_cid: blob(samplePdf(["0 0 10 10 re f"])) }), "bad_request");
  const doc_cid = blob(utf8("fine"));
  for (const name of ["Bad_Name", "../x", "", "a".repeat(65)]) {
    assertEquals(await refusal(name, { doc_cid }), "bad_request");
  }
  assertEquals(await refusal("system", { doc_cid }), "unauthorized");
  assertEquals(await refusal("personal", { doc_cid }), "unauthorized");
  assertEquals((await bench.call("rag.list_corpora", {}, {})).output.corpora ?? null, []);
  assertEquals(bench.events.length, 0);
});

Deno.test("the personal corpus answers the node itself only", async () => {
  const bench = new Bench(registerRag);
  const doc_cid = bench.core.blobs.putBlob(utf8("private words"));
  await bench.call("rag.ingest", { corpus: "personal" }, { doc_cid }, { level: "self" });
  assertEquals(await bench.refusal("rag.query", { corpus: "personal" }, { query: "words" }), "not_found");
  assertEquals((await bench.call("rag.list_corpora", {}, {})).output.corpora ?? null, []);
  const own = await bench.call("rag.query", { corpus: "personal" }, { query: "words" }, { level: "self" });
  assertEquals((own.output.chunks as JsonObject[]).length, 1);
  assert(bench.descriptors.every(({ params }) => params.corpus !== "personal"));
});

Deno.test("the list counts documents and passages and names the most frequent language", async () => {
  const bench = new Bench(registerRag);
  for (const [text, language] of [["een", "nl"], ["zwei", "de"], ["drie", "nl"]] as const) {
    await ingest(bench, "mixed", text, { language });
  }
  assertEquals((await bench.call("rag.list_corpora", {}, {})).output.corpora ?? null, [
    { name: "mixed", docs: 3, chunks: 3, size_bytes: 11, language_majority: "nl" },
  ]);
  const entry = bench.descriptors.find(({ params }) => params.corpus === "mixed");
  assertEquals(entry?.params, { corpus: "mixed", embedding_model: "hash-embed-64", k_max: 20 });
});

Deno.test("corpora come back from the log and the blobs after a restart", async () => {
  const dataDirectory = Deno.makeTempDirSync();
  try {
    const before = new Bench(registerRag, { dataDirectory });
    await ingest(before, "kept", "the old mill", { title: "Mill", language: "en", metadata: { year: 1900 } });
    const after = new Bench(registerRag, { dataDirectory, events: before.events });
    const query = { query: "mill", filter: { language: "en", min_year: 1900 } };
    assertEquals(await hits(after, "kept", query), await hits(before, "kept", query));
    await ingest(after, "kept", "the old mill");
    assertEquals(after.events.length, 1);
  } finally {
    Deno.removeSync(dataDirectory, { recursive: true });
  }
});

Deno.test("without an embedding backend query and ingest are answered with partition", async () => {
  const bench = new Bench(registerRag, { backendFault: "absent" });
  const doc_cid = bench.core.blobs.putBlob(utf8("words"));
  assertEquals(await bench.refusal("rag.ingest", { corpus: "a" }, { doc_cid }), "partition");
});
