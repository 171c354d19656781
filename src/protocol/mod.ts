/** The protocol without I/O: encodings, identities, signed documents, tokens, content ids. */

export * from "./audit.ts";
export * from "./audit_walk.ts";
export * from "./bytes.ts";
export * from "./canonical.ts";
export * from "./cid.ts";
export * from "./envelope.ts";
export * from "./errors.ts";
export * from "./event.ts";
export * from "./invite.ts";
export * from "./json.ts";
export * from "./keys.ts";
export * from "./manifest.ts";
export * from "./random.ts";
export * from "./tensor.ts";
export * from "./time.ts";
export * from "./token.ts";
export * from "./ulid.ts";
export * from "./version.ts";
