/** How this program starts itself again: as a child node, a worker process, or the target of a test. */

/** Program and arguments, ready for `Deno.Command`. */
export interface SelfCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** A bundle holds all it needs: configuration, lock file and packages of the place it is started in are not its own. */
const BUNDLE_OPTIONS = ["--no-config", "--no-lock", "--no-remote", "--no-npm"];

/**
 * The command that runs this program with `args`. From source and from a bundle the runtime is started with the main
 * module; a compiled binary is its own main module.
 *
 * @param main URL of the main module (`import.meta.url` of main.ts, or of the bundle it became).
 */
export function selfCommand(main: string, args: readonly string[]): SelfCommand {
  const program = Deno.execPath();
  if (Deno.build.standalone) return { program, args };
  const bundled = main.endsWith(".js") ? BUNDLE_OPTIONS : [];
  return { program, args: ["run", "-A", "--no-prompt", ...bundled, main, ...args] };
}
