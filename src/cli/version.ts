/** What this program is. */

/** Version of the program; the suites have their own (X09 §4.1). */
export const PROGRAM_VERSION = "0.1.0";
/** Contract versions the suites judge. */
export const CONTRACT_VERSIONS: readonly string[] = ["1.0", "2.0", "3.0"];

/** What stands for the commit in the source; the build writes the real one over it. */
export const UNBUILT_COMMIT = "hearthproof:commit:not-built";
/** Follows the commit when the checkout had changes that no commit holds. */
export const CHANGES_MARK = "+changes";
const COMMIT = /^[0-9a-f]{7,40}(\+changes)?$/;
const SHORT_COMMIT_DIGITS = 12;

/** Commit this program was built from, or of the checkout it runs from, or "unknown". */
export async function commitOf(directory: string | undefined): Promise<string> {
  if (COMMIT.test(UNBUILT_COMMIT)) return UNBUILT_COMMIT;
  if (directory === undefined) return "unknown";
  const text = await git(directory, ["rev-parse", `--short=${SHORT_COMMIT_DIGITS}`, "HEAD"]);
  return text !== undefined && COMMIT.test(text) ? text : "unknown";
}

/** Commit of a checkout as a build names it: marked if there are changes that no commit holds. */
export async function commitToBuild(directory: string): Promise<string> {
  const commit = await commitOf(directory);
  const changes = await git(directory, ["status", "--porcelain", "--untracked-files=no"]);
  return commit === "unknown" || changes === "" ? commit : commit + CHANGES_MARK;
}

async function git(directory: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", directory, ...args],
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}
