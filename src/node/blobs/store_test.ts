import { assert, assertEquals, assertThrows } from "@std/assert";
import { cidOf, manifestCid, utf8 } from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import { DirectoryBacking, MemoryBacking } from "./backing.ts";
import { Store, type StoreOptions } from "./store.ts";

function store(options: Partial<StoreOptions> = {}): Store {
  return new Store({
    chunks: new MemoryBacking(),
    manifests: new MemoryBacking(),
    budgetBytes: undefined,
    chunkSize: () => 4,
    manifestCid: (shape) => manifestCid(shape),
    fullCode: () => "capacity_exceeded",
    changed: () => {},
    ...options,
  });
}

Deno.test("equal chunks are stored once", () => {
  const blobs = store();
  const cid = blobs.putBlob(utf8("abcdabcdab"));
  assertEquals(blobs.usedBytes(), 6);
  assertEquals(blobs.blob(cid)?.chunks.map(({ size_bytes }) => size_bytes), [4, 4, 2]);
  assertEquals(blobs.read(cid), utf8("abcdabcdab"));
});

Deno.test("an empty blob has one empty chunk", () => {
  const blobs = store();
  const cid = blobs.putBlob(new Uint8Array());
  assertEquals(blobs.blob(cid)?.chunks, [{ cid: cidOf(new Uint8Array()), size_bytes: 0 }]);
  assertEquals(blobs.read(cid), new Uint8Array());
});

Deno.test("a write over the budget is refused and changes nothing", () => {
  const blobs = store({ budgetBytes: 5 });
  blobs.putChunk(utf8("abcd"));
  const error = assertThrows(() => blobs.putChunk(utf8("efgh")), NodeError);
  assertEquals(error.code, "capacity_exceeded");
  assertEquals(blobs.usedBytes(), 4);
  assert(blobs.hasRoom(1));
  assert(!blobs.hasRoom(2));
});

Deno.test("a chunk that a blob lists is not dropped, another is", () => {
  const blobs = store();
  const blob = blobs.putBlob(utf8("abcdef"));
  const loose = blobs.putChunk(utf8("xyz"));
  blobs.dropChunk(loose);
  for (const { cid } of blobs.blob(blob)?.chunks ?? []) blobs.dropChunk(cid);
  assert(!blobs.hasChunk(loose));
  assertEquals(blobs.read(blob), utf8("abcdef"));
});

Deno.test("a name that is no content id never reaches the backing", () => {
  assertThrows(() => store().putChunkAs("blake3:../../etc", utf8("x")), NodeError);
});

Deno.test("a directory keeps blobs over a restart, without files that were being written", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const open = () =>
      store({
        chunks: new DirectoryBacking(`${directory}/chunks`),
        manifests: new DirectoryBacking(`${directory}/manifests`),
      });
    const first = open();
    const cid = first.putBlob(utf8("abcdabcdab"));
    const lost = first.putBlob(utf8("lost"));
    Deno.writeTextFileSync(`${directory}/chunks/0000.partial`, "half");
    Deno.removeSync(`${directory}/chunks/${first.blob(lost)?.chunks[0]?.cid.slice("blake3:".length)}`);
    const again = open();
    assertEquals(again.list(), [cid]);
    assertEquals(again.read(cid), utf8("abcdabcdab"));
    assertEquals(again.usedBytes(), 6);
    assertEquals([...Deno.readDirSync(`${directory}/chunks`)].length, 2);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
