/** Co-signatures: over the canonical payload without `co_signers`. wire-format-services.md section 2; wire-format.md section 10. */

import {
  canonicalBytes,
  canonicalize,
  type JsonObject,
  parseJson,
  signText,
  verifyText,
  without,
} from "../../src/protocol/mod.ts";
import { concept, equalBytesSeed, identity } from "../concept.ts";

type Input = { seed: string; input: JsonObject };
type Output = { node_id: string; canonical: string; signature: string };

export const coSignature = concept<Input, Output>({
  name: "co-signature",
  provenance: { document: "wire-format-services.md", section: "2" },
  cases: [
    {
      name: "federation.peer.add",
      input: {
        seed: equalBytesSeed("11"),
        input: {
          client_id: "01M2R6B1E5S0HAY8QZ4TXN9W7P",
          expires_at: "2027-03-01T00:00:00Z",
          peer_community_id: "ed25519:F8t5-ytBIPKx7GXkGY1uCLKOgT_rAeSkAIObheGAgM4",
          peer_endpoints: [{ host: "198.51.100.7", port: 7080, transport: "https" }],
          scope: { capabilities: ["rag.query"], data_visibility: "public_corpora_only" },
          co_signers: [],
        },
      },
      worked: {
        signature: "ed25519:SY2_bh-QjSCyQ83ZGAC5OOb4DBb2xWCY8O3EeJf0ik2TKbfmsJI-3Z7329UBD8Kx4JcMzJvqxtDkAYtOJKiYDg",
      },
    },
    {
      name: "community.revoke",
      input: {
        seed: equalBytesSeed("11"),
        input: {
          client_id: "01M2R6B1E5S0HAY8QZ4TXN9W7P",
          reason: "inactive",
          target_node_id: "ed25519:oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA",
        },
      },
    },
  ],
  produce({ seed, input }) {
    const signer = identity(seed);
    const payload = without(input, "co_signers");
    return {
      node_id: signer.id,
      canonical: canonicalize(payload),
      signature: signText(signer, canonicalBytes(payload)),
    };
  },
  parse({ node_id, canonical, signature }) {
    const payload = parseJson(canonical);
    if (!verifyText(node_id, canonicalBytes(payload), signature)) throw new Error("Cannot verify the co-signature");
    return canonicalize(payload);
  },
  meaning: ({ input }) => canonicalize(without(input, "co_signers")),
});
