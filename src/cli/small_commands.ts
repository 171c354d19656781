/** `identity` and `version`. */

import { shortId } from "../protocol/mod.ts";
import { POOL, poolIdentity, testerIdentity } from "../target/access.ts";
import { DEFAULT_SEED } from "./commands.ts";
import type { Options } from "./parse.ts";
import type { Printer } from "./printer.ts";
import { CONTRACT_VERSIONS, PROGRAM_VERSION } from "./version.ts";

/** Prints the identities an operator enrols so that a run without the root key has members to act as. */
export function identityCommand(options: Options, printer: Printer): number {
  const seed = options.number("seed") ?? DEFAULT_SEED;
  const pool = POOL.map(({ name, level }) => {
    const { id } = poolIdentity(seed, name);
    return { name, level, node_id: id, short_id: shortId(id) };
  });
  if (options.flag("json")) {
    printer.out(JSON.stringify({ seed, tester: testerIdentity(seed).id, identities: pool }));
    return 0;
  }
  printer.out(`Identities of seed 0x${seed.toString(16).toUpperCase()}; enrol them at the levels shown:`);
  for (const { name, level, node_id } of pool) printer.out(`${name.padEnd(8)} ${level.padEnd(8)} ${node_id}`);
  return 0;
}

/** Prints versions of program, suite and protocol. */
export function versionCommand(
  options: Options,
  printer: Printer,
  versions: { readonly suite: string; readonly commit: string },
): number {
  const all = {
    program: PROGRAM_VERSION,
    suite: versions.suite,
    contract_versions: CONTRACT_VERSIONS,
    commit: versions.commit,
    deno: Deno.version.deno,
  };
  if (options.flag("json")) printer.out(JSON.stringify(all));
  else {
    printer.out(
      `hearthproof ${all.program}, suite ${all.suite}, contracts ${CONTRACT_VERSIONS.join(" ")}, commit ${all.commit}`,
    );
  }
  return 0;
}
