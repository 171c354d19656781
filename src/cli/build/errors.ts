/** Errors of building. */

/** A file could not be built; one line for whoever builds. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

/** The reason stands near the end of what Deno and npm print, before what a crash adds. */
const MAX_LINES = 4;
const CRASH_LINES = /^(Stack backtrace:|\d+: <unknown>)$/;

/** What a failed tool said, in one line; start it with `NO_COLOR`. */
export function lastWords(output: Uint8Array): string {
  const lines = new TextDecoder().decode(output).split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "" && !CRASH_LINES.test(line)).slice(-MAX_LINES)
    .join("; ");
}
