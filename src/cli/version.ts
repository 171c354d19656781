/** What this program is. */

/** Version of the program; the suites have their own (X09 §4.1). */
export const PROGRAM_VERSION = "0.1.0";
/** Contract versions the suites judge. */
export const CONTRACT_VERSIONS: readonly string[] = ["1.0", "2.0", "3.0"];

/** Commit of the checkout the program runs from, or "unknown". */
export async function commitOf(directory: string | undefined): Promise<string> {
  if (directory === undefined) return "unknown";
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", directory, "rev-parse", "--short=12", "HEAD"],
      stdout: "piped",
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout).trim();
    return success && /^[0-9a-f]{7,40}$/.test(text) ? text : "unknown";
  } catch {
    return "unknown";
  }
}
