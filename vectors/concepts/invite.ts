/** Invitation blobs. wire-format.md section 10. */

import {
  canonicalize,
  decodeInvite,
  encodeInvite,
  INVITE_PREFIXES,
  type JsonObject,
  verifyDocument,
  without,
} from "../../src/protocol/mod.ts";
import { COMMUNITY, concept, identity, RISING_SEED } from "../concept.ts";

type Input = { seed: string; prefix: string; document: JsonObject };
type Output = { blob: string };

const DOCUMENT = {
  schema_version: 1,
  community_id: COMMUNITY,
  community_name: "Mühlental",
  inviter_node_id: "ed25519:ebVWLo_mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ",
  invitee_node_id: "ed25519:oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA",
  initial_level: "member",
  bootstrap_endpoints: [{ transport: "https", host: "10.20.0.7", port: 7080 }],
  expires_at: "2027-03-15T09:26:53Z",
};

export const invite = concept<Input, Output>({
  name: "invite",
  provenance: { document: "wire-format.md", section: "10" },
  cases: INVITE_PREFIXES.map((prefix) => ({
    name: `prefix ${prefix}`,
    input: { seed: RISING_SEED, prefix, document: DOCUMENT },
  })),
  produce({ seed, prefix, document }) {
    const known = INVITE_PREFIXES.find((p) => p === prefix);
    if (known === undefined) throw new RangeError(`Cannot encode an invitation: prefix is ${prefix}`);
    return { blob: encodeInvite(identity(seed), document, known) };
  },
  parse({ blob }) {
    const document = decodeInvite(blob);
    if (!verifyDocument(String(document.inviter_node_id), document)) throw new Error("Cannot verify the invitation");
    return canonicalize(without(document, "signature"));
  },
  meaning: ({ document }) => canonicalize(document),
});
