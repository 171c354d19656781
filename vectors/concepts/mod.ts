/** All concepts that have vectors. */

import type { Concept } from "../concept.ts";
import { auditChain } from "./audit.ts";
import { blob } from "./blob.ts";
import { callEnvelope } from "./call.ts";
import { canonicalJson } from "./canonical_json.ts";
import { coSignature } from "./co_signature.ts";
import { event } from "./event.ts";
import { identityIds } from "./identity.ts";
import { invite } from "./invite.ts";
import { responseEnvelope } from "./response.ts";
import { schemaHashes } from "./schema_hash.ts";
import { tensorFrames } from "./tensor.ts";
import { token } from "./token.ts";

export const CONCEPTS: readonly Concept[] = [
  identityIds,
  canonicalJson,
  callEnvelope,
  responseEnvelope,
  invite,
  event,
  token,
  coSignature,
  blob,
  schemaHashes,
  tensorFrames,
  auditChain,
];
