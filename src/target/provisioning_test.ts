import { assert, assertEquals } from "@std/assert";
import { LiveNetwork, nullSink, steadyClock } from "../wire/mod.ts";
import { EmbeddedTarget } from "./embedded.ts";
import { type OpenedSession, openSession } from "./open.ts";
import { preflight } from "./preflight.ts";
import type { TargetProfile } from "./profile.ts";
import { placeBlob, someBlob, someCorpus, uploadPath } from "./provisioning.ts";

const SEED = 11;
const TIME_ORIGIN = Date.UTC(2027, 0, 1);

async function withSession(
  run: (opened: OpenedSession) => Promise<void>,
  changed: Partial<TargetProfile> = {},
): Promise<void> {
  const target = new EmbeddedTarget({ seed: SEED, timeOrigin: TIME_ORIGIN, faults: [] });
  const network = new LiveNetwork({ scope: "test", clock: steadyClock(TIME_ORIGIN), sink: nullSink });
  const options = { network, seed: SEED, timeOrigin: TIME_ORIGIN, needs: {} };
  const { profile } = await preflight(target, network, options);
  const opened = await openSession(target, { ...options, profile: { ...profile, ...changed }, scope: "provisioning" });
  try {
    await run(opened);
  } finally {
    await opened.session.close();
    await target.stop();
  }
}

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
