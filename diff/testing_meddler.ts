/**
 * A node for tests behind a relay that spoils what passes: `PORT DATA half|reset|endless|kept AFTER`, counted in
 * requests. The node is sound; its answers are cut in the middle, or never end.
 */

import { createConnection, createServer, type Socket } from "node:net";
import { identityFromSeed, Random, utf8 } from "../src/protocol/mod.ts";
import { ReferenceNode } from "../src/node/node.ts";
import { nodeWith } from "../src/node/with.ts";
import { systemClock } from "../src/wire/mod.ts";

const [port = "0", data = "", how = "kept", after = "0"] = Deno.args;
const ENDLESS_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
const CHUNK = utf8(`10000\r\n${" ".repeat(0x10000)}\r\n`);
let requests = 0;

const seed = async (name: string) => identityFromSeed(await Deno.readFile(`${data}/${name}`));
const node = await ReferenceNode.start({
  identity: await seed("node.key"),
  root: await seed("root.key"),
  communityName: "meddled",
  clock: systemClock(),
  random: new Random(1, "meddler"),
  host: "127.0.0.1",
  port: 0,
  tls: false,
  peers: [],
  tokenDelayMs: 1,
  ...nodeWith([], [], []),
});

const server = createServer((client) => {
  const upstream = createConnection({ host: "127.0.0.1", port: Number(new URL(node.url).port) });
  for (const socket of [client, upstream]) socket.on("error", () => {});
  client.on("data", (bytes) => {
    if (requests++ >= Number(after) && how === "endless") return endless(client);
    upstream.write(bytes);
  });
  upstream.on("data", (bytes) => {
    if (requests <= Number(after) || how === "kept") return client.write(bytes);
    // Not before the first half is on its way: a reset overtakes what waits.
    client.write(bytes.subarray(0, bytes.length / 2), () => how === "reset" ? client.resetAndDestroy() : client.end());
  });
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => client.end());
});
server.listen(Number(port), "127.0.0.1");

function endless(client: Socket): void {
  client.write(ENDLESS_HEAD);
  const more = () => {
    while (!client.destroyed && client.write(CHUNK));
  };
  client.on("drain", more);
  more();
}
