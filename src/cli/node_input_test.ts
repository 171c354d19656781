import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../protocol/mod.ts";
import { followInput } from "./node_input.ts";
import { startNode } from "./testing_program.ts";

async function asked(...parts: string[]): Promise<string[]> {
  const directories: string[] = [];
  await followInput(ReadableStream.from(parts.map((part) => utf8(part))), (directory) => {
    directories.push(directory);
    return Promise.resolve();
  });
  return directories;
}

Deno.test("every complete line asks for a fresh node, in order, until the input ends", async () => {
  assertEquals(await asked("fresh /a b\nfre", "sh /c\n", "\n", "fresh /unfinished"), ["/a b", "/c"]);
});

Deno.test("other lines and lines without end are passed over", async () => {
  assertEquals(await asked("dance\n", "x".repeat(20_000), "\nfresh /a\n"), ["/a"]);
});

Deno.test("peers are added and synced with in the order of the lines", async () => {
  const done: string[] = [];
  const note = (what: string) => Promise.resolve(void done.push(what));
  await followInput(
    ReadableStream.from([utf8("peer http://127.0.0.1:1\ngossip\nfresh /a\n")]),
    (directory) => note(`fresh ${directory}`),
    { add: (url) => note(`peer ${url}`), gossip: () => note("gossip") },
  );
  assertEquals(done, ["peer http://127.0.0.1:1", "gossip", "fresh /a"]);
});

Deno.test("a node started in the background, with nothing to read, serves until a signal", async () => {
  const data = await Deno.makeTempDir();
  try {
    const log = () => Deno.readTextFile(`${data}/logs/node.log`);
    await (async () => {
      await using node = await startNode(data, [], "null");
      const first = await Promise.race([node.ended, fetch(`${node.url}/manifest`)]);
      assert(first instanceof Response, "the node ended by itself");
      assertEquals([first.status, (await first.json()).version === undefined], [200, false]);
      assertEquals((await log()).includes('"stopped"'), false);
    })();
    assertEquals((await log()).trimEnd().split("\n").filter((line) => line.includes('"stopped"')).length, 1);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
