/** Sound variants of the reference node: identity. */

import { encodeInvite, isObject, type JsonObject } from "../../protocol/mod.ts";
import { variants } from "../fault.ts";

export const identityVariants = variants({
  "identity-module-readings": {
    reading: "invitations begin with hearthnet://v1/ (M13 §3.1); co-signatures of a revocation leave client_id out " +
      "(CONTRACT §7.2); a malformed id is refused by the signature check; the root signs the community manifest",
    rules: {
      inviteBlob: (inviter, document) => encodeInvite(inviter, document, "hearthnet://v1/"),
      coSignedForms: (forms) => forms.slice(-1),
      resolveFrom: (text) => text,
      manifestSigner: () => "root",
    },
  },
  "identity-contract-readings": {
    reading: "a co-signature of community.revoke covers client_id (CONTRACT §4.18)",
    rules: { coSignedForms: (forms) => forms.slice(0, 1) },
  },
  "identity-rich-documents": {
    reading: "documents carry members the contract does not know, hardware is known in full, " +
      "and the manifest is issued much more often than it has to be (CONTRACT §6.1)",
    rules: { manifestRenewSeconds: 1 },
    document: (kind, value) => {
      switch (kind) {
        case "node-manifest":
          return {
            ...value,
            software: { name: "another", build: [1, 2] },
            hardware: { ...(isObject(value.hardware) ? value.hardware : {}), gpu: "one of them", disk_free_gb: 12.5 },
          };
        case "community-manifest":
          return { ...value, motto: "warm", policy: { ...(value.policy as JsonObject), quorum: 0.5 } };
        case "invite":
          return { ...value, greeting: "come in" };
        default:
          return value;
      }
    },
  },
});
