/** `hearthproof soak merge DIR…`: one report of shards that made one run. */

import type { Options } from "../src/cli/parse.ts";
import type { SoakContext } from "./soak_command.ts";

export function mergeCommand(_paths: readonly string[], _options: Options, _context: SoakContext): Promise<number> {
  return Promise.resolve(2);
}
