/** A node for tests that goes wrong on its way: `PORT DATA live|die|hang|garbage AFTER`, counted in answers. */

import { identityFromSeed, Random } from "../src/protocol/mod.ts";
import type { OutboundAnswer, Overrides } from "../src/node/fault.ts";
import { ReferenceNode } from "../src/node/node.ts";
import { nodeWith } from "../src/node/with.ts";
import { systemClock } from "../src/wire/mod.ts";

const [port = "0", data = "", how = "live", after = "0"] = Deno.args;
let answers = 0;

const outbound: NonNullable<Overrides["outbound"]> = (answer: OutboundAnswer) => {
  if (answers++ < Number(after)) return answer;
  switch (how) {
    case "die":
      return Deno.exit(7);
    case "hang":
      return { ...answer, connection: "hang" };
    case "garbage":
      return { ...answer, version: "\u0001\u0002" };
    default:
      return answer;
  }
};

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
  ...nodeWith([], [], [{ outbound }]),
});
