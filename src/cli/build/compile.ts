/** The compiled file: `deno compile` with the runtime base `denort` from Deno's own site or from `DENORT_BIN`. */

import type { Clock } from "../../protocol/mod.ts";
import type { Bundle } from "./bundle.ts";
import { BuildError, lastWords } from "./errors.ts";
import type { Platform } from "./platforms.ts";

/** Longest time the download of denort may take, in milliseconds. */
const COMPILE_DEADLINE_MS = 180_000;

/** A compiled file. */
export interface Compiled {
  /** Names `deno compile` says it embedded. */
  readonly embedded: readonly string[];
}

/**
 * Compiles a bundle into one file.
 *
 * @throws {BuildError} If denort is not to be had, with the reason Deno gave.
 */
export async function compileBundle(
  bundle: Bundle,
  platform: Platform,
  output: string,
  options: { readonly clock: Clock; readonly denort?: string },
): Promise<Compiled> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-compile-" });
  const over = new AbortController();
  const late = new AbortController();
  options.clock.sleep(COMPILE_DEADLINE_MS, over.signal).then(() => late.abort(), () => {});
  try {
    for (const [name, bytes] of bundle) await Deno.writeFile(`${folder}/${name}`, bytes);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["compile", "-A", "--no-prompt", "--no-config", "--no-lock", "--target", platform.triple],
        ...["--output", output, "main.js"],
      ],
      cwd: folder,
      env: { NO_COLOR: "1", ...(options.denort === undefined ? {} : { DENORT_BIN: options.denort }) },
      signal: late.signal,
    }).output();
    if (late.signal.aborted) throw new BuildError("deno compile did not end in time; the download of denort hangs");
    if (!success) throw new BuildError(lastWords(stderr) || "deno compile failed without a word");
    return { embedded: embeddedNames(new TextDecoder().decode(stderr)) };
  } finally {
    over.abort();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Names in the list of embedded files that `deno compile` prints: `├── main.js (5KB)`. */
export function embeddedNames(text: string): string[] {
  return [...text.matchAll(/[├└]──\s+(\S+)\s+\(/g)].map(([, name = ""]) => name);
}
