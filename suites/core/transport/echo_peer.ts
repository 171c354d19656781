/** A peer of the tester that offers one capability of its own, so that calls for it are routed there. */

import type { CaseContext } from "../../../src/runner/case.ts";
import type { PeerHost, PeerOptions } from "../../../src/target/peer_host.ts";

/** A capability name that nobody else offers. */
export function echoName({ random }: CaseContext): string {
  return `experimental.echo_${random.word()}`;
}

/** Hosts the peer and lets the target look at it; a target that does not makes the case inconclusive. */
export async function hostEcho(
  context: CaseContext,
  capability: string,
  options: Partial<PeerOptions> = {},
): Promise<PeerHost> {
  const { target, actors } = context;
  const peer = await target.hostPeer({
    name: "echo",
    identity: (await actors.member("paula")).identity,
    capabilities: [{ name: capability, version: "1.0" }],
    ...options,
  });
  await target.introduce(peer);
  if (peer.manifestFetches.length === 0) context.inconclusive("the target did not fetch the manifest of the peer");
  return peer;
}
