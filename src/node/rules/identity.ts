/** Numbers and decisions of the reference node: identity. Each names the source it follows. */

import {
  type Identity,
  type JsonObject,
  MANIFEST_REPUBLISH_SECONDS,
  MANIFEST_TTL_SECONDS,
  type MemberEntry,
  signDocument,
} from "../../protocol/mod.ts";

export interface IdentityRules {
  /** Contract of the embedded node. */
  readonly contractVersion: string;
  /** Seconds from `issued_at` to `expires_at`. GLOSSARY Defaults. */
  readonly manifestTtlSeconds: number;
  /** Seconds after which a new manifest is issued. GLOSSARY Defaults. */
  readonly manifestRenewSeconds: number;
  readonly profile: string;
  /** Host a manifest advertises for the address the node listens on. */
  readonly advertisedHost: (host: string) => string;
  /** `uptime_seconds` from the milliseconds since the start. */
  readonly uptimeSeconds: (ms: number) => number;
  /** Signs the manifest (wire-format.md section 3). */
  readonly signManifest: (identity: Identity, manifest: JsonObject) => JsonObject;
  /** The members the community manifest lists, on the node with that id (IDN-031, IDN-033). */
  readonly listedMembers: (members: readonly MemberEntry[], ownId: string) => readonly MemberEntry[];
}

const ANY_ADDRESS: readonly string[] = ["0.0.0.0", "::", ""];

export const identityRules: IdentityRules = {
  contractVersion: "3.0",
  manifestTtlSeconds: MANIFEST_TTL_SECONDS,
  manifestRenewSeconds: MANIFEST_REPUBLISH_SECONDS,
  profile: "hearth",
  advertisedHost: (host) => ANY_ADDRESS.includes(host) ? "127.0.0.1" : host,
  uptimeSeconds: (ms) => Math.floor(ms / 1000),
  signManifest: (identity, manifest) => signDocument(identity, manifest),
  listedMembers: (members) => members,
};
