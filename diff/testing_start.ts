/** Starts what the programs of test nodes have in common: a node whose keys lie in a data directory. */

import { identityFromSeed, Random } from "../src/protocol/mod.ts";
import type { Overrides } from "../src/node/fault.ts";
import { ReferenceNode } from "../src/node/node.ts";
import { nodeWith } from "../src/node/with.ts";
import { systemClock } from "../src/wire/mod.ts";

/** Listens on `port` with `node.key` and `root.key` of `data`. */
export async function startTestNode(port: string, data: string, overrides: Overrides): Promise<void> {
  const seed = async (name: string) => identityFromSeed(await Deno.readFile(`${data}/${name}`));
  await ReferenceNode.start({
    identity: await seed("node.key"),
    root: await seed("root.key"),
    communityName: "mortals",
    clock: systemClock(),
    random: new Random(1, "mortal"),
    host: "127.0.0.1",
    port: Number(port),
    tls: false,
    peers: [],
    tokenDelayMs: 1,
    ...nodeWith([], [], [overrides]),
  });
}
