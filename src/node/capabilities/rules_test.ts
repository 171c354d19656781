import { assertEquals, assertNotEquals } from "@std/assert";
import { base64url, blobShape, chunksOf, type JsonObject, manifestCid, utf8 } from "../../protocol/mod.ts";
import type { Rules } from "../rules.ts";
import { registerFiles } from "./files.ts";
import { registerLlm } from "./llm.ts";
import { registerRag } from "./rag.ts";
import { Bench } from "./testing.ts";

/** Mistakes of an implementation are rules; these are samples of what faults have to be able to express. */
const TEXT = utf8("warm hearth");
const MODEL = { model: "ember-small" };
const ask = (content: string, more: JsonObject = {}) => ({ messages: [{ role: "user", content }], ...more });

async function outcome(rules: Partial<Rules>, use: (bench: Bench) => Promise<unknown>): Promise<unknown> {
  return await use(
    new Bench((core) => {
      registerFiles(core);
      registerRag(core);
      registerLlm(core);
    }, { rules }),
  );
}

async function breaks(rules: Partial<Rules>, use: (bench: Bench) => Promise<unknown>): Promise<void> {
  assertNotEquals(await outcome(rules, use), await outcome({}, use), Object.keys(rules).join());
}

async function putCorrupt(bench: Bench): Promise<unknown> {
  const shape = blobShape(TEXT);
  const [chunk] = chunksOf(TEXT);
  const manifest = {
    cid: manifestCid(shape),
    size_bytes: TEXT.length,
    chunks: shape.chunks.map(({ cid }, i) => ({ i, cid })),
  };
  const chunks = [{ i: 0, cid: chunk?.cid ?? "", data_b64: base64url(TEXT.map((b) => b ^ 1)) }];
  const frames = await bench.stream("file.put", {}, { manifest, chunks });
  return [frames.map(({ event }) => event), await bench.refusal("file.read", {}, { cid: chunk?.cid ?? "" })];
}

Deno.test("mistakes with files", async () => {
  const read = (bench: Bench) => bench.stream("file.read", {}, { cid: bench.core.blobs.putBlob(TEXT) });
  await breaks({ fileManifestPlace: "last" }, read);
  await breaks({ fileStreamOrder: () => [] }, read);
  await breaks({ fileBase64: (bytes) => bytes.toHex() }, read);
  await breaks({ fileVerifiesChunk: false }, putCorrupt);
  await breaks({ fileKeepsRefused: true }, putCorrupt);
  await breaks({ fileUnknown: "empty" }, (b) => b.refusal("file.read", {}, { cid: `blake3:${"0".repeat(64)}` }));
});

Deno.test("mistakes with corpora", async () => {
  const ingestTwice = async (bench: Bench) => {
    const doc_cid = bench.core.blobs.putBlob(TEXT);
    for (let n = 0; n < 2; n++) await bench.call("rag.ingest", { corpus: "a" }, { doc_cid });
    const { output } = await bench.call("rag.query", { corpus: "a" }, { query: "hearth" });
    return [bench.events.length, output];
  };
  await breaks({ ragRepeatIndexes: true }, ingestTwice);
  await breaks({ ragRepeatLogs: true }, ingestTwice);
  await breaks({ ragRank: (position) => position }, ingestTwice);
  await breaks({ ragSendsText: () => false }, ingestTwice);
  await breaks({ ragTargetCorpus: () => "elsewhere", ragUnknownCorpus: "create" }, ingestTwice);
  await breaks({ ragUnknownCorpus: "create" }, (b) => b.refusal("rag.query", { corpus: "none" }, { query: "x" }));
});

Deno.test("mistakes with generation", async () => {
  const chat = (input: JsonObject) => (bench: Bench) => bench.stream("llm.chat", MODEL, input);
  await breaks({ llmStops: () => [] }, chat(ask("Count to 9", { stop: [", 3"] })));
  await breaks({ llmStopScan: "token" }, chat(ask("Count to 9", { stop: [", 3"] })));
  await breaks({ llmTokenBound: (_, room) => room }, chat(ask("Count to 9", { max_tokens: 3 })));
  await breaks({ llmStopReason: () => "length" }, chat(ask("Count to 9", { max_tokens: 3 })));
  await breaks({ llmTokenText: (text) => text.trim() }, chat(ask("Count to 9")));
  await breaks({ llmSeed: (_, random) => random.uint32() }, chat(ask("good morning", { seed: 42 })));
  await breaks(
    { llmModel: (_, offered) => offered[0] },
    (bench) => bench.refusal("llm.chat", { model: "no-such" }, ask("hi")),
  );
  await breaks(
    { llmRoleOrder: () => undefined },
    (bench) => bench.refusal("llm.chat", MODEL, { messages: [...ask("a").messages, ...ask("b").messages] }),
  );
});

Deno.test("a sound node gives the same answer twice", async () => {
  const use = (bench: Bench) => bench.stream("llm.chat", MODEL, ask("good morning", { seed: 1 }));
  assertEquals(await outcome({}, use), await outcome({}, use));
});
