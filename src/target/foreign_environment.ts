/** The environment of programs that are not this one. */

/** Where the portable file keeps what DENO_DIR was before it put its own cache there; may be empty. */
const OUTER_DENO_DIR = "HEARTHPROOF_OUTER_DENO_DIR";

/** Variables to set for a program of somebody else: a target written for Deno must not use the cache of this program. */
export function foreignEnvironment(): Record<string, string> {
  const outer = Deno.env.get(OUTER_DENO_DIR);
  return outer === undefined ? {} : { DENO_DIR: outer };
}
