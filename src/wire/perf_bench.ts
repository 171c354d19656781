/** What one exchange costs, against a local server in another process of the runtime's own making. */

import { systemClock } from "./clock.ts";
import { HttpConnection, request } from "./http.ts";
import { LiveNetwork } from "./live_network.ts";
import { MemorySink, nullSink } from "./transcript.ts";

const GET = { method: "GET", path: "/", headers: [] } as const;
const PIPELINED = 16;

const SERVER =
  `Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, () => new Response("ok"));`;
const child = new Deno.Command(Deno.execPath(), {
  args: ["eval", SERVER],
  stdout: "piped",
}).spawn();
const reader = child.stdout.getReader();
const port = Number(new TextDecoder().decode((await reader.read()).value));
globalThis.addEventListener("unload", () => child.kill());

const endpoint = { scheme: "http", host: "127.0.0.1", port } as const;
const network = new LiveNetwork({ scope: "bench", sink: nullSink, clock: systemClock() });
const kept = await HttpConnection.open(network, endpoint);

Deno.bench("exchange on a kept connection", async () => {
  await kept.exchange(GET);
});

Deno.bench(`${PIPELINED} exchanges pipelined`, async () => {
  await kept.pipeline(Array.from({ length: PIPELINED }, () => GET));
});

Deno.bench("exchange on a connection of its own, recorded", async () => {
  const recorded = new LiveNetwork({ scope: "bench", sink: new MemorySink(), clock: systemClock() });
  await request(recorded, endpoint, GET);
  recorded.close();
});
