import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { concat, utf8 } from "./bytes.ts";
import { blobShape, CHUNK_SIZE, chunksOf, cidOf, isCid, MANIFEST_FORMS, manifestCid, schemaHash } from "./cid.ts";

Deno.test("the empty input has the hash BLAKE3 publishes", () => {
  assertEquals(cidOf(new Uint8Array()), "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
});

Deno.test("chunks join to the blob, all but the last are full, and each has its hash", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (blob, size) => {
    const chunks = chunksOf(blob, size);
    assertEquals(concat(chunks.map(({ bytes }) => bytes)), new Uint8Array(blob));
    assertEquals(chunks.length, Math.ceil(blob.length / size));
    assert(chunks.slice(0, -1).every(({ bytes }) => bytes.length === size));
    assert(chunks.every(({ i, cid, bytes }, at) => i === at && cid === cidOf(bytes)));
  }));
});

Deno.test("sizes around the border of a chunk give 1, 2 and 3 chunks", () => {
  const counts = [CHUNK_SIZE, CHUNK_SIZE + 1, 600_000].map((size) => blobShape(new Uint8Array(size)).chunks.length);
  assertEquals(counts, [1, 2, 3]);
});

Deno.test("the forms of a manifest differ, and a blob of one chunk is not its chunk", () => {
  const shape = blobShape(utf8("warm hearth"));
  const cids = MANIFEST_FORMS.map((form) => manifestCid(shape, form));
  assertEquals(new Set([...cids, shape.chunks[0]?.cid]).size, MANIFEST_FORMS.length + 1);
  assert(cids.every(isCid));
  assertEquals(manifestCid(shape), cids[0]);
});

Deno.test("only full lower-case CIDs are CIDs", () => {
  const good = cidOf(utf8("x"));
  assert(isCid(good));
  for (
    const bad of [good.slice(7), good.slice(0, -1), good + "0", good.toUpperCase(), "sha256:" + good.slice(7), 1, null]
  ) {
    assert(!isCid(bad));
  }
});

Deno.test("a schema hash depends on name, version and schemas", () => {
  const base = { name: "a.b", version: "1.0", request_schema: {}, response_schema: null, stream_schema: null };
  assertEquals(schemaHash(base), schemaHash({ ...base }));
  for (
    const change of [{ name: "a.c" }, { version: "1.1" }, { request_schema: { type: "object" } }, {
      response_schema: {},
    }]
  ) {
    assertNotEquals(schemaHash({ ...base, ...change }), schemaHash(base));
  }
});
