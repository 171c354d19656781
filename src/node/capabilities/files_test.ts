import { assert, assertEquals } from "@std/assert";
import { base64url, blobShape, chunksOf, fromBase64url, type JsonObject, manifestCid } from "../../protocol/mod.ts";
import type { Frame } from "../core.ts";
import { registerFiles } from "./files.ts";
import { Bench } from "./testing.ts";

/** The worked example of wire-format-experimental.md section 1. */
const BLOB = Uint8Array.from({ length: 600_000 }, (_, k) => k % 251);
const BLOB_CID = "blake3:f9b0e9be8cd27b81548f54aa14336c778737b986889d59e2d251cb4925c5c7d1";

function offer(bytes: Uint8Array, more: JsonObject = {}): JsonObject {
  const shape = blobShape(bytes);
  const chunks = shape.chunks.map(({ cid }, i) => ({ i, cid }));
  return { cid: manifestCid(shape), size_bytes: bytes.length, chunks, ...more };
}

function sent(bytes: Uint8Array, ...indices: number[]): JsonObject[] {
  const chunks = chunksOf(bytes).map(({ i, cid, bytes }) => ({ i, cid, data_b64: base64url(bytes) }));
  return indices.length === 0 ? chunks : indices.map((i) => chunks[i] as JsonObject);
}

const names = (frames: readonly Frame[]) => frames.map(({ event }) => event);
const put = (bench: Bench, manifest: JsonObject, chunks?: JsonObject[]) =>
  bench.stream("file.put", {}, { manifest, ...chunks === undefined ? {} : { chunks } });

Deno.test("a chunk CID is answered with JSON and a manifest CID with a stream", async () => {
  const bench = new Bench(registerFiles);
  const cid = bench.core.blobs.putBlob(BLOB);
  assertEquals(cid, BLOB_CID);
  const [first] = blobShape(BLOB).chunks;
  const { output } = await bench.call("file.read", {}, { cid: first?.cid ?? "" });
  assertEquals([output.cid, output.size_bytes], [first?.cid ?? "", 262_144]);

  const frames = await bench.stream("file.read", {}, { cid });
  assertEquals(names(frames), ["manifest", "chunk", "chunk", "chunk", "done"]);
  const parts = frames.slice(1, 4).map(({ data }) => fromBase64url(data.data_b64 as string));
  assertEquals(parts.map((part) => part.length), [262_144, 262_144, 75_712]);
  assertEquals(frames.at(-1)?.data.chunks, 3);
});

Deno.test("unknown and malformed CIDs are refused", async () => {
  const bench = new Bench(registerFiles);
  assertEquals(await bench.refusal("file.read", {}, { cid: `blake3:${"0".repeat(64)}` }), "not_found");
  for (const cid of ["blake3:../../etc", `blake3:${"A".repeat(64)}`, 42]) {
    assertEquals(await bench.refusal("file.read", {}, { cid }), "bad_request");
  }
  assertEquals(await bench.refusal("file.read", {}, {}), "bad_request");
});

Deno.test("a put with its chunks is answered by ready and done, and the blob is readable", async () => {
  const bench = new Bench(registerFiles);
  const frames = await put(bench, offer(BLOB), sent(BLOB));
  assertEquals(frames.map(({ event, data }) => [event, data.needed ?? data.received ?? null]), [
    ["ready", [0, 1, 2]],
    ["done", 3],
  ]);
  assertEquals(bench.core.blobs.read(BLOB_CID), BLOB);
  assertEquals(bench.events.map(({ event_type, data }) => [event_type, data.sizes_bytes ?? null]), [[
    "file.cid.advertised",
    600_000,
  ]]);

  const again = await put(bench, offer(BLOB, { filename: "other.bin" }));
  assertEquals(again.map(({ data }) => data.needed ?? data.received ?? null), [[], 0]);
});

Deno.test("chunks held through another blob are not asked for", async () => {
  const bench = new Bench(registerFiles);
  bench.core.blobs.putBlob(BLOB);
  const other = new Uint8Array(300_000);
  other.set(BLOB.subarray(0, 262_144));
  const [ready, done] = await put(bench, offer(other), sent(other, 1));
  assertEquals(ready?.data.needed ?? null, [1]);
  assertEquals(done?.data.received ?? null, 1);
});

Deno.test("over a WebSocket chunks come one by one under either name", async () => {
  const bench = new Bench(registerFiles);
  async function* inbox(): AsyncGenerator<JsonObject> {
    const [a, b, c] = sent(BLOB) as [JsonObject, JsonObject, JsonObject];
    yield { event: "chunk", data: a };
    yield { type: "ack", upto: 1 };
    yield await Promise.resolve({ type: "chunk", data: c });
    yield { type: "chunk", ...b };
  }
  const frames = await bench.stream("file.put", {}, { manifest: offer(BLOB) }, {
    transport: "websocket",
    inbox: inbox(),
  });
  assertEquals(names(frames), ["ready", "done"]);
  assertEquals(bench.core.blobs.read(BLOB_CID), BLOB);
});

Deno.test("a bad chunk ends the upload and nothing of it is kept", async () => {
  const bench = new Bench(registerFiles);
  const [first, second] = sent(BLOB) as [JsonObject, JsonObject];
  const flipped = fromBase64url(first.data_b64 as string);
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  const wrong: JsonObject[][] = [
    [second, { ...first, data_b64: base64url(flipped) }],
    [{ ...first, i: 3 }],
    [{ ...second, i: 0 }],
    [{ ...first, data_b64: "!!" }],
  ];
  for (const chunks of wrong) {
    const frames = await put(bench, offer(BLOB), chunks);
    assertEquals(frames.map(({ event, data }) => [event, data.error ?? null]), [["ready", null], [
      "error",
      "bad_request",
    ]]);
    assertEquals(bench.core.blobs.usedBytes(), 0);
  }
  assertEquals(await bench.refusal("file.put.resume", {}, { manifest_cid: BLOB_CID }), "not_found");
});

Deno.test("manifests that are unusable or contradict themselves are refused", async () => {
  const bench = new Bench(registerFiles);
  const honest = offer(BLOB);
  const bad: JsonObject[] = [
    {},
    { cid: BLOB_CID },
    { ...honest, cid: `blake3:${"1".repeat(64)}` },
    { ...honest, size_bytes: 1.5 },
    { ...honest, size_bytes: 100 },
    { ...honest, chunk_size_bytes: 1000 },
    { ...honest, chunks: (honest.chunks as JsonObject[]).map(({ cid }) => ({ i: 0, cid: cid as string })) },
  ];
  for (const manifest of bad) assertEquals(await bench.refusal("file.put", {}, { manifest }), "bad_request");
  assertEquals(await bench.refusal("file.put", {}, {}), "bad_request");
});

Deno.test("a chunk of the wrong length is refused although its hash is right", async () => {
  const bench = new Bench(registerFiles);
  const short = new Uint8Array(1000).fill(7);
  const [chunk] = sent(short) as [JsonObject];
  const shape = {
    size_bytes: 262_144,
    chunk_size_bytes: 262_144,
    chunks: [{ cid: chunk.cid as string, size_bytes: 0 }],
  };
  const manifest = { cid: manifestCid(shape), size_bytes: 262_144, chunks: [{ i: 0, cid: chunk.cid as string }] };
  assertEquals((await put(bench, manifest, [chunk])).at(-1)?.data.error ?? null, "bad_request");
});

Deno.test("a broken-off upload is not a blob, can be resumed, and is forgotten after an hour", async () => {
  const bench = new Bench(registerFiles);
  const cut = await put(bench, offer(BLOB), sent(BLOB, 0));
  assertEquals(cut.at(-1)?.event, "error");
  assertEquals(await bench.refusal("file.read", {}, { cid: BLOB_CID }), "not_found");
  assertEquals(bench.core.blobs.list(), []);

  bench.clock.advance(3_000_000);
  const resumed = await bench.stream("file.put.resume", {}, { manifest_cid: BLOB_CID, chunks: sent(BLOB, 1, 2) });
  assertEquals(resumed.map(({ data }) => data.missing ?? data.received ?? null), [[1, 2], 2]);
  assertEquals(bench.core.blobs.read(BLOB_CID), BLOB);

  const other = BLOB.subarray(1);
  await put(bench, offer(other), sent(other, 0));
  const used = bench.core.blobs.usedBytes();
  bench.clock.advance(3_600_001);
  assertEquals(
    await bench.refusal("file.put.resume", {}, { manifest_cid: manifestCid(blobShape(other)) }),
    "not_found",
  );
  assertEquals(bench.core.blobs.usedBytes(), used - 262_144);
});

Deno.test("an upload cut off while the client is silent can be resumed", async () => {
  const bench = new Bench(registerFiles);
  const controller = new AbortController();
  async function* inbox(): AsyncGenerator<JsonObject> {
    yield { event: "chunk", data: sent(BLOB, 0)[0] as JsonObject };
    controller.abort(new DOMException("gone", "AbortError"));
    await new Promise(() => {});
  }
  const frames = await bench.open("file.put", {}, { manifest: offer(BLOB) }, {
    inbox: inbox(),
    signal: controller.signal,
  });
  assertEquals((await frames.next()).value?.event, "ready");
  let raised: unknown;
  await frames.next().catch((error) => raised = error);
  assertEquals((raised as Error).name, "AbortError");
  const [ready] = await bench.stream("file.put.resume", {}, { manifest_cid: BLOB_CID });
  assertEquals(ready?.data.missing ?? null, [1, 2]);
});

Deno.test("a blob over the budget is refused before any chunk", async () => {
  const bench = new Bench(registerFiles, { diskBudgetBytes: 500_000 });
  assertEquals(await bench.refusal("file.put", {}, { manifest: offer(BLOB) }), "capacity_exceeded");
});

Deno.test("lists follow the prefix", async () => {
  const bench = new Bench(registerFiles);
  const cid = bench.core.blobs.putBlob(BLOB);
  assertEquals((await bench.call("file.list", {}, {})).output.cids ?? null, [cid]);
  assertEquals((await bench.call("file.list", {}, { prefix: cid.slice(0, 10) })).output.cids ?? null, [cid]);
  assertEquals((await bench.call("file.list", {}, { prefix: "blake3:0000" })).output.cids ?? null, []);
  assertEquals(await bench.refusal("file.list", {}, { prefix: 5 }), "bad_request");
});

Deno.test("advertisements are counted, checked, repeatable, and not taken for our own", async () => {
  const bench = new Bench(registerFiles);
  const cid = `blake3:${"a".repeat(64)}`;
  for (let n = 0; n < 2; n++) {
    assertEquals((await bench.call("file.advertise", {}, { cids: [cid] })).output.recorded, 1);
  }
  for (const input of [{}, { cids: "x" }, { cids: ["not-a-cid"] }]) {
    assertEquals(await bench.refusal("file.advertise", {}, input), "bad_request");
  }
  assertEquals((await bench.call("file.list", {}, {})).output.cids ?? null, []);
  assertEquals(bench.events.length, 0);

  const held = bench.core.blobs.putBlob(BLOB);
  await bench.call("file.advertise", {}, { cids: [held] });
  await bench.call("file.advertise", {}, { cids: [held] });
  assertEquals(bench.events.map(({ data }) => data), [{
    cid: held,
    sizes_bytes: 600_000,
    on_behalf_of: "ed25519:caller",
  }]);
});

Deno.test("uploads need trust, reads membership", () => {
  const { descriptors } = new Bench(registerFiles);
  const trust = Object.fromEntries(descriptors.map((d) => [d.name, d.trust]));
  assertEquals(trust, {
    "file.read": "member",
    "file.list": "member",
    "file.advertise": "member",
    "file.put": "trusted",
    "file.put.resume": "trusted",
  });
  assert(descriptors.every(({ version }) => version === "1.0"));
});
