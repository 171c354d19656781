/** core/identity. */

import type { Suite } from "../../../src/runner/case.ts";
import { callerCases } from "./callers.ts";
import { canonicalFormCases } from "./canonical_form.ts";
import { communityManifestCases } from "./community_manifest.ts";
import { invitationCases } from "./invitations.ts";
import { manifestOverTimeCases } from "./manifest_over_time.ts";
import { nodeManifestCases } from "./node_manifest.ts";
import { peerCases } from "./peers.ts";
import { revocationCases } from "./revocations.ts";
import { signatureCases } from "./signatures.ts";

export const identitySuite: Suite = {
  section: "core/identity",
  cases: [
    ...nodeManifestCases,
    ...manifestOverTimeCases,
    ...communityManifestCases,
    ...callerCases,
    ...signatureCases,
    ...canonicalFormCases,
    ...peerCases,
    ...invitationCases,
    ...revocationCases,
  ],
};
