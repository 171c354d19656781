/** Faults of the reference node: tokens. */

import { tokenIssueFaults } from "./tokens_issue.ts";
import { tokenRevokeFaults } from "./tokens_revoke.ts";
import { tokenVerifyFaults } from "./tokens_verify.ts";

export const tokensFaults = { ...tokenIssueFaults, ...tokenVerifyFaults, ...tokenRevokeFaults } as const;
