/** Signed calls. wire-format.md sections 5 and 20. */

import {
  type CallEnvelope,
  canonicalize,
  type JsonObject,
  parseJson,
  signCall,
  verifyCall,
} from "../../src/protocol/mod.ts";
import { COMMUNITY, concept, identity, RISING_SEED } from "../concept.ts";

type Input = { seed: string; envelope: JsonObject };
type Output = { canonical: string; signature: string };

const HEAD = {
  version: "1.0",
  request_id: "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
  from: "ed25519:ebVWLo_mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ",
  community: COMMUNITY,
  timestamp: "2027-03-14T09:26:53Z",
};

export const callEnvelope = concept<Input, Output>({
  name: "call-envelope",
  provenance: { document: "wire-format.md", section: "20" },
  cases: [
    {
      name: "market.list",
      input: {
        seed: RISING_SEED,
        envelope: {
          ...HEAD,
          capability: "market.list",
          body: { params: {}, input: { limit: 5.0, tags: ["Brücke"], category: "offer" } },
        },
      },
      worked: {
        canonical:
          '{"body":{"input":{"category":"offer","limit":5,"tags":["Brücke"]},"params":{}},"capability":"market.list","community":"ed25519:6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw","from":"ed25519:ebVWLo_mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ","request_id":"01K3ZV8Q5N7R2T4W6X8Y0Z1A2B","timestamp":"2027-03-14T09:26:53Z","version":"1.0"}',
        signature: "ed25519:RY150Eyz32XfDHp7O4tcwj2qTUZ8N4156KXXYQtLPf7-_A-EOYRsLSDKKznAXhfgKWuLz-LiEf6R1LkvwelcDA",
      },
    },
    {
      name: "empty body, as for an upgrade",
      input: { seed: RISING_SEED, envelope: { ...HEAD, capability: "llm.chat", body: {} } },
    },
  ],
  produce({ seed, envelope }) {
    const call = envelope as unknown as CallEnvelope;
    return { canonical: canonicalize(envelope), signature: signCall(identity(seed), call) };
  },
  parse({ canonical, signature }) {
    const envelope = parseJson(canonical);
    if (!verifyCall(envelope as unknown as CallEnvelope, signature)) throw new Error("Cannot verify the call");
    return canonicalize(envelope);
  },
  meaning: ({ envelope }) => canonicalize(envelope),
});
