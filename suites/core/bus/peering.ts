/** Peers of the tester that offer experimental.echo, and calls that reach them through the target. */

import type { JsonObject } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { CallOptions } from "../../../src/target/call.ts";
import type { PeerCapability, PeerHandler, PeerHost } from "../../../src/target/peer_host.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** Offered by peers only. */
export const ECHO = "experimental.echo";

/** Hosts a peer that is a member and introduces it; by default it offers {@linkcode ECHO}. */
export async function peerWith(
  { target, actors }: CaseContext,
  name: string,
  capabilities?: readonly PeerCapability[],
  onCall?: PeerHandler,
): Promise<PeerHost> {
  const { identity } = await actors.member(name);
  const peer = await target.hostPeer({
    name,
    identity,
    capabilities: capabilities ?? [{ name: ECHO, version: "1.0" }],
    ...(onCall === undefined ? {} : { onCall }),
  });
  await target.introduce(peer);
  return peer;
}

/** Calls experimental.echo at the target. */
export function echo(
  { target }: Pick<CaseContext, "target">,
  actor: Actor,
  version: string,
  input: JsonObject = { text: "hearth" },
  options: CallOptions = {},
): Promise<HttpAnswer> {
  return target.call(actor, ECHO, input, { version, ...options });
}
