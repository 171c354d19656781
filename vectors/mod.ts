/** Canonical byte vectors. The files are part of the program: nothing is read at run time. */

import auditChain from "./audit-chain.json" with { type: "text" };
import blob from "./blob.json" with { type: "text" };
import callEnvelope from "./call-envelope.json" with { type: "text" };
import canonicalJson from "./canonical-json.json" with { type: "text" };
import coSignature from "./co-signature.json" with { type: "text" };
import event from "./event.json" with { type: "text" };
import identity from "./identity.json" with { type: "text" };
import invite from "./invite.json" with { type: "text" };
import responseEnvelope from "./response-envelope.json" with { type: "text" };
import schemaHash from "./schema-hash.json" with { type: "text" };
import tensorFrames from "./tensor-frames.json" with { type: "text" };
import token from "./token.json" with { type: "text" };
import { readVectorFile, type VectorFile } from "./vector_file.ts";

export type { ByteVector, VectorFile } from "./vector_file.ts";

/** Texts of the vector files by name of the concept. */
export const VECTOR_TEXTS: Readonly<Record<string, string>> = {
  "audit-chain": auditChain,
  "blob": blob,
  "call-envelope": callEnvelope,
  "canonical-json": canonicalJson,
  "co-signature": coSignature,
  "event": event,
  "identity": identity,
  "invite": invite,
  "response-envelope": responseEnvelope,
  "schema-hash": schemaHash,
  "tensor-frames": tensorFrames,
  "token": token,
};

/** All vector files, read strictly. @throws {SyntaxError} If one is damaged. */
export function byteVectors(): readonly VectorFile[] {
  return Object.values(VECTOR_TEXTS).map(readVectorFile);
}
