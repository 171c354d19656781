import { assertEquals } from "@std/assert";
import { blobShape, chunksOf } from "../protocol/mod.ts";
import { blobBytes } from "./provisioning.ts";
import { withSession } from "./testing_session.ts";
import { askedIndices, chunkMessage, frameOf, offeredManifest, upload, uploadAnswered } from "./upload.ts";

const TWO_CHUNKS = 300_000;

for (const way of ["websocket", "post"] as const) {
  Deno.test(`an upload that breaks off is resumed (${way})`, () =>
    withSession(async ({ session, actors }) => {
      const theo = await actors.trusted();
      const bytes = blobBytes(session, "test", TWO_CHUNKS);
      const manifest = offeredManifest(blobShape(bytes));
      const messages = chunksOf(bytes).map(chunkMessage);
      const broken = await upload(session, theo, way, {
        input: { manifest },
        chunks: () => messages.slice(0, 1),
        drop: true,
      });
      assertEquals([askedIndices(frameOf(broken, "ready")), broken.sent], [[0, 1], 1]);
      const resumed = await upload(session, theo, way, {
        capability: "file.put.resume",
        input: { manifest_cid: manifest.cid ?? "", client_id: session.id() },
        chunks: (asked) => messages.filter((_, i) => asked?.includes(i)),
      });
      assertEquals(askedIndices(frameOf(resumed, "ready")), [1]);
      assertEquals(frameOf(resumed, "done")?.data.received, 1);
    }));

  Deno.test(`a refusal before any frame has its code (${way})`, () =>
    withSession(async ({ session, actors }) => {
      const manifest = offeredManifest(blobShape(Uint8Array.of(1)));
      const outcome = await upload(session, await actors.member(), way, {
        input: { manifest },
        chunks: () => undefined,
      });
      assertEquals([outcome.code, outcome.sent], ["unauthorized", 0]);
    }));

  Deno.test(`a chunk that is refused ends the upload with an error frame (${way})`, () =>
    withSession(async ({ session, actors }) => {
      const manifest = offeredManifest(blobShape(Uint8Array.of(1)));
      const [chunk] = chunksOf(Uint8Array.of(2)).map(chunkMessage);
      const outcome = await upload(session, await actors.trusted(), way, {
        input: { manifest },
        chunks: () => chunk === undefined ? [] : [chunk],
      });
      assertEquals([outcome.code, uploadAnswered(outcome)], ["bad_request", "last frame error"]);
    }));
}
