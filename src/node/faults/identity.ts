/** Faults of the reference node: identity. */

import { identityDocumentFaults } from "./identity_documents.ts";
import { identitySignatureFaults } from "./identity_signatures.ts";
import { identityTrustFaults } from "./identity_trust.ts";

export const identityFaults = {
  ...identityDocumentFaults,
  ...identitySignatureFaults,
  ...identityTrustFaults,
} as const;
