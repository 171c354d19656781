/** `--auditor-key`, `--auditor-role` and `--auditor-cert`: who may read the audit chain of somebody else's node. */

import { type Options, UsageError } from "../src/cli/parse.ts";
import { readOptionFile } from "../src/cli/target_options.ts";
import { identityFromSeed, isCid } from "../src/protocol/mod.ts";
import { AUDITOR_ROLE } from "./audit_role.ts";
import type { GivenAuditor } from "./civil_defence.ts";

const SEED_BYTES = 32;

/**
 * The operator's auditor; undefined if none is given.
 *
 * @throws {UsageError} If one of the options is missing or cannot be understood.
 */
export async function readAuditor(options: Options): Promise<GivenAuditor | undefined> {
  const [key, certificate] = [options.text("auditor-key"), options.text("auditor-cert")];
  if (key === undefined) {
    if (certificate !== undefined) throw new UsageError("soak: --auditor-cert needs --auditor-key FILE");
    return undefined;
  }
  if (certificate === undefined || !isCid(certificate)) {
    throw new UsageError(
      `soak: --auditor-key needs --auditor-cert CID, the registered role certificate, current value is ${
        certificate === undefined ? "missing" : `"${certificate}"`
      }`,
    );
  }
  const seed = await readOptionFile("auditor-key", key);
  if (seed.length !== SEED_BYTES) {
    throw new UsageError(
      `--auditor-key ${key}: a key file holds the raw ${SEED_BYTES}-byte Ed25519 seed, this one has ${seed.length} bytes`,
    );
  }
  return { identity: identityFromSeed(seed), role: options.text("auditor-role") ?? AUDITOR_ROLE, certificate };
}
