/** Announcements of peers over UDP on the loopback interface. wire-format.md section 17. */

import { createSocket } from "node:dgram";
import { isObject, shortId, tryParseJson } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";

/** Longest announcement that is read. */
const MAX_ANNOUNCEMENT_BYTES = 1024;
/** Short ids are compared over these characters: `ed25519:` and the first twelve of the key (section 1). */
const COMPARED = "ed25519:".length + 12 + 2;
const MAX_PORT = 65_535;

/** Hears announcements of the own community until the signal is aborted; never raises. */
export function listenForAnnouncements(
  core: Pick<NodeCore, "communityId" | "identity">,
  host: string,
  port: number,
  heard: (host: string, port: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const close = () => socket.close();
    socket.on("error", () => socket.close());
    socket.on("close", () => {
      signal.removeEventListener("abort", close);
      resolve();
    });
    socket.on("message", (bytes, { address }) => {
      const at = announcedPort(core, new Uint8Array(bytes));
      if (at !== undefined) heard(address, at);
    });
    if (signal.aborted) return close();
    signal.addEventListener("abort", close, { once: true });
    socket.bind(port, host);
  });
}

/** The port of an announcement of another node of this community; undefined for anything else. */
export function announcedPort(
  core: Pick<NodeCore, "communityId" | "identity">,
  bytes: Uint8Array,
): number | undefined {
  if (bytes.length > MAX_ANNOUNCEMENT_BYTES) return undefined;
  const message = tryParseJson(bytes);
  if (!isObject(message) || message["v"] !== 1) return undefined;
  const { node, community, port } = message;
  if (!sameShort(community, shortId(core.communityId)) || sameShort(node, shortId(core.identity.id))) return undefined;
  return typeof port === "number" && Number.isInteger(port) && port > 0 && port <= MAX_PORT ? port : undefined;
}

function sameShort(given: unknown, own: string): boolean {
  return typeof given === "string" && given.slice(0, COMPARED) === own.slice(0, COMPARED);
}
