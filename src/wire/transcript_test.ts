import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { readFile, stat, writeFile } from "node:fs/promises";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { cidOf, fromUtf8, type Json, utf8 } from "../protocol/mod.ts";
import { decodeRecord, encodeRecord, recordsOfExchange, type TranscriptRecord } from "./transcript.ts";
import { readTranscript } from "./transcript_reader.ts";
import { TranscriptWriter } from "./transcript_writer.ts";

const RUNS = 25;

async function withFile(test: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "hearthproof-transcript-" });
  try {
    await test(`${directory}/transcript.jsonl.zst`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function record(scope: string, at: number, more: Partial<TranscriptRecord> = {}): TranscriptRecord {
  return { scope, connection: 1, direction: "in", at, bytes: Uint8Array.of(at), ...more };
}

const records = fc.array(
  fc.record({
    scope: fc.constantFrom("a", "b", "c"),
    connection: fc.nat({ max: 5 }),
    direction: fc.constantFrom("in", "out", "eof", "fact"),
    at: fc.nat({ max: 1_000_000 }).map((n) => n / 100),
    bytes: fc.uint8Array({ maxLength: 40 }),
    value: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json),
  }) as fc.Arbitrary<TranscriptRecord>,
  { maxLength: 30 },
);

Deno.test("what is written is read back, scope by scope", async () => {
  await fc.assert(
    fc.asyncProperty(records, async (all) => {
      await withFile(async (path) => {
        const writer = await TranscriptWriter.create(path, { seed: 7 });
        const scopes = new Map(["a", "b", "c"].map((name) => [name, writer.scope(name)]));
        for (const one of all) scopes.get(one.scope)?.record(one);
        const { digest, records } = await writer.finish();
        const read = await readTranscript(path);
        assertEquals([read.digest, records, read.header.seed], [digest, all.length, 7]);
        for (const name of scopes.keys()) {
          assertEquals(read.scopes.get(name) ?? [], all.filter(({ scope }) => scope === name));
        }
      });
    }),
    { numRuns: RUNS },
  );
});

Deno.test("scopes stand in the order in which they were opened, whichever ends first", async () => {
  await withFile(async (path) => {
    const writer = await TranscriptWriter.create(path, {});
    const [one, two, three] = ["one", "two", "three"].map((name) => writer.scope(name));
    three?.record(record("three", 1));
    three?.end();
    one?.record(record("one", 2));
    two?.record(record("two", 3));
    one?.record(record("one", 4));
    two?.end();
    one?.end();
    await writer.finish();
    const plain = zstdDecompressSync(await readFile(path));
    const lines = fromUtf8(new Uint8Array(plain)).trimEnd().split("\n").slice(1).map((line) => JSON.parse(line));
    assertEquals(lines.map(({ scope, at }) => [scope, at]), [["one", 2], ["one", 4], ["two", 3], ["three", 1]]);
  });
});

Deno.test("the digest is the CID of the uncompressed file", async () => {
  await withFile(async (path) => {
    const writer = await TranscriptWriter.create(path, { seed: 1 });
    const scope = writer.scope("a");
    scope.record(record("a", 1));
    const { digest, bytes } = await writer.finish();
    const plain = new Uint8Array(zstdDecompressSync(await readFile(path)));
    assertEquals([cidOf(plain), plain.length], [digest, bytes]);
  });
});

Deno.test("the file appears only when it is complete, and not at all when it is given up", async () => {
  await withFile(async (path) => {
    const writer = await TranscriptWriter.create(path, {});
    await assertRejects(() => stat(path));
    await writer.discard();
    await assertRejects(() => stat(path));
    await assertRejects(() => stat(`${path}.partial`));
  });
});

Deno.test("a scope cannot be opened twice", async () => {
  await withFile(async (path) => {
    const writer = await TranscriptWriter.create(path, {});
    writer.scope("a");
    assertThrows(() => writer.scope("a"), RangeError, "twice");
    await writer.discard();
  });
});

Deno.test("files that are no transcript, too long or cut short are refused", async () => {
  await withFile(async (path) => {
    const put = (text: string) => writeFile(path, zstdCompressSync(utf8(text)));
    await put('{"schema":"other"}\n');
    await assertRejects(() => readTranscript(path), SyntaxError, "schema");
    await put("");
    await assertRejects(() => readTranscript(path), SyntaxError, "empty");
    await put('{"schema":"hearthproof.transcript/1"}\n{"scope":1}\n');
    await assertRejects(() => readTranscript(path), SyntaxError, "scope");
    await put('{"schema":"hearthproof.transcript/1"}\n{"scope"');
    await assertRejects(() => readTranscript(path), SyntaxError, "cut short");
    await put(`{"schema":"hearthproof.transcript/1","x":"${"y".repeat(5_000)}"}\n`);
    await assertRejects(() => readTranscript(path, { maxLineBytes: 1_000 }), RangeError, "line is longer");
    await assertRejects(() => readTranscript(path, { maxBytes: 1_000 }), RangeError, "longer than 1000");
    await writeFile(path, utf8("plain text"));
    await assertRejects(() => readTranscript(path));
  });
});

Deno.test("a record of an unknown kind or with members of the wrong type is refused", () => {
  const line = JSON.parse(encodeRecord(record("a", 1)));
  assertEquals(decodeRecord(line), record("a", 1));
  assertThrows(() => decodeRecord({ ...line, direction: "sideways" }), SyntaxError, "sideways");
  assertThrows(() => decodeRecord({ ...line, port: "80" }), SyntaxError, "port");
  assertThrows(() => decodeRecord({ ...line, bytes: "?" }), SyntaxError);
  assertThrows(() => decodeRecord({ ...line, failure: { kind: 1 } }), SyntaxError, "failure");
});

Deno.test("the records of an exchange are those between its mark and the next on the connection", () => {
  const mark = (connection: number, exchange: number) =>
    record("a", 0, { connection, direction: "exchange", exchange });
  const all = [mark(1, 1), record("a", 1), mark(2, 2), record("a", 2, { connection: 2 }), mark(1, 3), record("a", 3)];
  assertEquals(recordsOfExchange(all, 1).map(({ at }) => at), [1]);
  assertEquals(recordsOfExchange(all, 2).map(({ at }) => at), [2]);
  assertEquals(recordsOfExchange(all, 3).map(({ at }) => at), [3]);
  assertEquals(recordsOfExchange(all, 4), []);
});
