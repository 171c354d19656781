import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../wire/clock.ts";
import { callOf, codeOf, MEM2, MEM3, testCore } from "../bus/testing.ts";
import { soundRules } from "../rules.ts";
import { certificatesOf } from "../tls.ts";
import { createPeers } from "./mod.ts";
import { ScriptedPeer } from "./testing.ts";

const WALL_MS = 1_790_000_000_000;

async function certificate(of: typeof MEM2) {
  const [made] = await certificatesOf(of, "127.0.0.1", soundRules.certificate, WALL_MS);
  return { key: made?.keyPem ?? "", cert: made?.certificatePem ?? "" };
}

/** Calls a peer, restarts it on the same port with another certificate and calls again. */
async function callTwice(
  peerCertificatePinned: boolean,
): Promise<{ codes: string[]; calls: number; failures: number }> {
  const clock = new VirtualClock({ wallMs: WALL_MS, advanceOnSleep: false });
  const test = testCore(clock, (core) => ({ peers: createPeers(core) }), { peerCertificatePinned });
  const call = () => codeOf(test.core.bus.dispatch(callOf("experimental.echo")));
  const first = await ScriptedPeer.start({ wall: () => clock.wall(), tls: await certificate(MEM2) });
  const { port, url } = first;
  await test.core.peers.add(url);
  const codes = [await call()];
  await first.stop();
  const second = await ScriptedPeer.start({ wall: () => clock.wall(), tls: await certificate(MEM3), port });
  try {
    codes.push(await call());
    await test.core.peers.add(url);
    codes.push(await call());
    return { codes, calls: second.calls.length, failures: test.counters.size };
  } finally {
    await test.core.peers.stop();
    await second.stop();
  }
}

Deno.test("a known peer behind another certificate gets no request, also after its manifest was asked for again", async () => {
  assertEquals(await callTwice(true), { codes: ["ok", "partition", "partition"], calls: 0, failures: 1 });
});

Deno.test("without pinning the other certificate is talked to", async () => {
  assertEquals(await callTwice(false), { codes: ["ok", "ok", "ok"], calls: 2, failures: 0 });
});
