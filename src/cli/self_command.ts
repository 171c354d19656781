/** How this program starts itself again: as a child node, a worker process, or the target of a test. */

/** Program and arguments, ready for `Deno.Command`. */
export interface SelfCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The command that runs this program with `args`. From source and from a bundle the runtime is started with the main
 * module; a compiled binary is its own main module.
 *
 * @param main URL of the main module (`import.meta.url` of main.ts, or of the bundle it became).
 */
export function selfCommand(main: string, args: readonly string[]): SelfCommand {
  const program = Deno.execPath();
  return Deno.build.standalone ? { program, args } : { program, args: ["run", "-A", "--no-prompt", main, ...args] };
}
