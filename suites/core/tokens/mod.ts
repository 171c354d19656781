/** core/tokens: issuing, presenting, refusing, revoking and looking into capability tokens. */

import type { Suite } from "../../../src/runner/case.ts";
import { forgedCases } from "./forged.ts";
import { introspectionCases } from "./introspection.ts";
import { issueFormCases } from "./issue_form.ts";
import { issuePolicyCases } from "./issue_policy.ts";
import { limitCases } from "./limits.ts";
import { presentingCases } from "./presenting.ts";
import { revocationCases } from "./revocation.ts";

export const tokensSuite: Suite = {
  section: "core/tokens",
  cases: [
    ...issueFormCases,
    ...issuePolicyCases,
    ...presentingCases,
    ...forgedCases,
    ...limitCases,
    ...revocationCases,
    ...introspectionCases,
  ],
};
