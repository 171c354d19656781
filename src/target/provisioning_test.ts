import { assert, assertEquals } from "@std/assert";
import { placeBlob, someBlob, someCorpus, uploadPath } from "./provisioning.ts";
import { withSession } from "./testing_session.ts";

for (const websocket of [true, false]) {
  Deno.test(`a placed blob is listed under its manifest CID ${websocket ? "after WebSocket" : "after POST"}`, () =>
    withSession(async ({ session, actors }) => {
      const theo = await actors.trusted();
      const blob = await placeBlob(session, theo, session.random("test").bytes(300_000));
      assertEquals((await uploadPath(session, theo)).way, websocket ? "websocket" : "post");
      const list = await session.call(theo, "file.list", {});
      assert(new TextDecoder().decode(list.body).includes(blob.cid));
    }, { websocket }));
}

Deno.test("some blob and some corpus are at hand", () =>
  withSession(async ({ session, actors }) => {
    const blob = await someBlob(session, actors, 11);
    assertEquals(blob.size_bytes, 11);
    const corpus = await someCorpus(session, actors);
    assert((corpus.chunks ?? 0) >= 8);
    const answer = await session.call(await actors.member(), "rag.query", { query: corpus.query }, {
      params: { corpus: corpus.name },
    });
    assertEquals(answer.status, 200);
  }));
