/** Signed answers. wire-format.md section 6. */

import {
  canonicalize,
  type JsonObject,
  parseJson,
  type ResponseEnvelope,
  responseSignatureCovers,
  signResponse,
} from "../../src/protocol/mod.ts";
import { concept, identity, RISING_SEED } from "../concept.ts";

type Input = { seed: string; envelope: JsonObject };
type Output = { canonical: string; signature: string };

const HEAD = {
  request_id: "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
  from: "ed25519:ebVWLo_mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ",
  timestamp: "2027-03-14T09:26:53Z",
};

export const responseEnvelope = concept<Input, Output>({
  name: "response-envelope",
  provenance: { document: "wire-format.md", section: "6" },
  cases: [
    {
      name: "answer",
      input: { seed: RISING_SEED, envelope: { ...HEAD, body: { output: { cids: [] }, meta: { ms: 7 } } } },
    },
    {
      name: "error body",
      input: {
        seed: RISING_SEED,
        envelope: { ...HEAD, body: { error: "capacity_exceeded", message: "all 3 slots busy", retry_after_ms: 750 } },
      },
    },
  ],
  produce({ seed, envelope }) {
    const answer = envelope as unknown as ResponseEnvelope;
    return { canonical: canonicalize(envelope), signature: signResponse(identity(seed), answer) };
  },
  parse({ canonical, signature }) {
    const envelope = parseJson(canonical);
    const covers = responseSignatureCovers(envelope as unknown as ResponseEnvelope, signature);
    if (covers !== "envelope") throw new Error("Cannot verify the answer");
    return canonicalize(envelope);
  },
  meaning: ({ envelope }) => canonicalize(envelope),
});
