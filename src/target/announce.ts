/** Discovery announcements for a peer hosted by the tester (wire-format.md section 17). */

import { createSocket } from "node:dgram";
import { shortId } from "../protocol/mod.ts";
import { systemClock } from "../wire/mod.ts";
import type { NodeHandle } from "./target.ts";

/** Announcements sent and the time between them in milliseconds; discovery listens all the time. */
const ANNOUNCEMENTS = 3;
const ANNOUNCE_EVERY_MS = 200;

/** Announces `baseUrl` to `host:port` over UDP. */
export async function announcePeer(to: string, baseUrl: string, node: NodeHandle): Promise<void> {
  const { hostname, port } = new URL(`udp://${to}`);
  const message = JSON.stringify({
    v: 1,
    node: shortId(node.nodeId),
    community: shortId(node.communityId),
    port: Number(new URL(baseUrl).port),
    caps: [],
  });
  const socket = createSocket("udp4");
  const clock = systemClock();
  try {
    for (let i = 0; i < ANNOUNCEMENTS; i++) {
      await new Promise<void>((resolve, reject) =>
        socket.send(message, Number(port), hostname, (error) => error === null ? resolve() : reject(error))
      );
      await clock.sleep(ANNOUNCE_EVERY_MS);
    }
  } finally {
    socket.close();
  }
}
