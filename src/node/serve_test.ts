import { assertEquals, assertRejects } from "@std/assert";
import { identityFromSeed } from "../protocol/mod.ts";
import { systemClock } from "../wire/clock.ts";
import { inputEnded, serveNode } from "./serve.ts";

const clock = systemClock();

async function withDirectory(use: (data: string) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir();
  try {
    await use(data);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

Deno.test("a served node keeps its keys in its directory and uses them again", () =>
  withDirectory(async (parent) => {
    const data = `${parent}/deep/node`;
    const first = await serveNode({ clock, port: 0, data });
    const { ready } = first;
    assertEquals(ready.pid, Deno.pid);
    for (const [path, id] of [[ready.root_key, ready.community_id], [ready.node_key, ready.node_id]] as const) {
      assertEquals(identityFromSeed(await Deno.readFile(path)).id, id);
      assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    }
    const head = first.node.core.log.head();
    await first.node.stop();
    const second = await serveNode({ clock, port: 0, data });
    assertEquals([second.ready.node_id, second.ready.community_id], [ready.node_id, ready.community_id]);
    assertEquals(second.node.core.log.head(), head);
    await second.node.stop();
  }));

Deno.test("a seed decides the keys of a new directory", () =>
  withDirectory(async (data) => {
    const ids: string[] = [];
    for (const name of ["a", "b"]) {
      const { node, ready } = await serveNode({ clock, port: 0, data: `${data}/${name}`, seed: 7 });
      ids.push(ready.node_id);
      await node.stop();
    }
    assertEquals(ids[0], ids[1]);
  }));

Deno.test("a broken key file or an unknown fault is refused before anything listens", () =>
  withDirectory(async (data) => {
    await assertRejects(() => serveNode({ clock, port: 0, data, faults: ["no such fault"] }), RangeError, "fault");
    await Deno.writeFile(`${data}/root.key`, new Uint8Array(5));
    await assertRejects(() => serveNode({ clock, port: 0, data }), RangeError, "current length is 5 bytes");
  }));

Deno.test("the end of the input is noticed", async () => {
  await inputEnded(new Blob(["some bytes"]).stream());
});
