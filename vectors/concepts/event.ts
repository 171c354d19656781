/** Signed events. wire-format.md section 11. */

import {
  canonicalize,
  type JsonObject,
  signEvent,
  type UnsignedEvent,
  verifyEvent,
  without,
} from "../../src/protocol/mod.ts";
import { COMMUNITY, concept, identity, RISING_SEED } from "../concept.ts";

type Input = { seed: string; event: JsonObject };
type Output = { event: JsonObject };

const HEAD = {
  event_id: "01K40C3M7T9V5X1Z8B6D4F2H0J",
  lamport: 57,
  wall_clock: "2027-03-14T10:02:11Z",
  community_id: COMMUNITY,
};

export const event = concept<Input, Output>({
  name: "event",
  provenance: { document: "wire-format.md", section: "11" },
  cases: [
    {
      name: "file.cid.advertised",
      input: {
        seed: RISING_SEED,
        event: {
          ...HEAD,
          event_type: "file.cid.advertised",
          data: {
            cid: "blake3:e771454bf9edfc595213a6e6ce27e0dd68880c00ab3928da238fb8c74d12edc7",
            sizes_bytes: 1310720,
          },
        },
      },
    },
    {
      name: "market.post.created on behalf of a caller",
      input: {
        seed: RISING_SEED,
        event: {
          ...HEAD,
          event_type: "market.post.created",
          data: {
            client_id: "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
            category: "offer",
            title: "Äpfel",
            body: "Zwei Kisten 🍎",
            tags: ["obst"],
            ttl_seconds: 604800,
            on_behalf_of: "ed25519:oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA",
          },
        },
      },
    },
  ],
  produce: ({ seed, event }) => ({
    event: { ...signEvent(identity(seed), event as unknown as UnsignedEvent) } as unknown as JsonObject,
  }),
  parse({ event }) {
    if (!verifyEvent(event)) throw new Error("Cannot verify the event");
    return canonicalize(without(event, "signature", "author", "schema_version"));
  },
  meaning: ({ event }) => canonicalize(event),
});
