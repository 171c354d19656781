/** Faults of the reference node: revoking tokens and looking into them. */

import { faults } from "../fault.ts";

export const tokenRevokeFaults = faults({
  "revocation-by-issuer-and-subject": {
    breaks: ["TOK-054"],
    rules: { revocationKey: ({ iss, sub }) => `${iss} ${sub}` },
  },
  "revocations-not-honoured": {
    breaks: ["TOK-054", "TOK-057", "TOK-060"],
    rules: { revocationsHonoured: false },
  },
  "revoke-by-any-member": {
    breaks: ["TOK-058", "TOK-061"],
    rules: { mayRevoke: () => true, revocationCounts: () => true },
  },
  "revoke-by-issuer-only": {
    breaks: ["TOK-059"],
    rules: { mayRevoke: ({ isIssuer }) => isIssuer },
  },
  "revocation-by-gossip-ignored": {
    breaks: ["TOK-060"],
    rules: { foreignRevocationsHonoured: false },
  },
  "revocation-by-gossip-of-anybody": {
    breaks: ["TOK-061"],
    rules: { revocationCounts: () => true },
  },
  "introspect-without-scope": {
    breaks: ["TOK-062"],
    rules: { introspectOutput: ({ scope: _, ...rest }) => rest },
  },
  "introspect-ignores-revocation": {
    breaks: ["TOK-063"],
    rules: { introspectedActive: ({ signed, expired }) => signed && !expired },
  },
  "introspect-ignores-expiry": {
    breaks: ["TOK-064"],
    rules: { introspectedActive: ({ signed, revoked }) => signed && !revoked },
  },
  "introspect-ignores-signature": {
    breaks: ["TOK-065"],
    rules: { introspectedActive: ({ expired, revoked }) => !expired && !revoked },
  },
  "introspect-open-to-members": {
    breaks: ["TOK-066"],
    rules: {
      mayIntrospect: () => true,
      requiredTrust: (capability, declared) => capability === "auth.token.introspect" ? "member" : declared,
    },
  },
});
