/** The program that runs containers: docker, podman, or one that takes the same commands. */

import type { Clock } from "../protocol/mod.ts";
import { splitCommand } from "./managed_node.ts";
import { ProcessError, RunningChild } from "./running_child.ts";

/** Engines that are looked for when none is named, in this order. */
export const KNOWN_ENGINES: readonly string[] = ["docker", "podman"];
/** Time a short command of the engine may take, in milliseconds. */
const CALL_DEADLINE_MS = 60_000;

/** See the module comment. */
export class ContainerEngine {
  readonly #program: string;
  readonly #global: readonly string[];

  /** @param words program and its global options, as in `podman --storage-driver=vfs`. */
  constructor(readonly words: readonly string[], private readonly clock: Clock) {
    const [program, ...global] = words;
    if (program === undefined) throw new ProcessError("Cannot use a container engine: the command is empty");
    this.#program = program;
    this.#global = global;
  }

  /** Program and arguments of a command of the engine. */
  command(...args: readonly string[]): readonly string[] {
    return [...this.words, ...args];
  }

  /** A command of the engine that keeps running. */
  run(...args: readonly string[]): RunningChild {
    return new RunningChild(this.#program, [...this.#global, ...args], this.clock);
  }

  /**
   * What a short command writes to its standard output.
   *
   * @throws {ProcessError} If it fails or takes too long; the message quotes the engine.
   */
  async call(...args: readonly string[]): Promise<string> {
    const child = this.run(...args);
    const exit = await child.wait(CALL_DEADLINE_MS);
    if (exit === undefined) child.signal("SIGKILL");
    await child.release();
    if (exit?.code === 0) return child.stdout.trim();
    const why = exit === undefined ? `no answer within ${CALL_DEADLINE_MS / 1000} s` : child.lastWords;
    throw new ProcessError(`Cannot run ${this.#program} ${args[0] ?? ""}: ${why}`);
  }
}

/**
 * The engine an operator names, or the first of docker and podman on the PATH.
 *
 * @param named a name or a command with arguments.
 * @throws {ProcessError} If there is none; the message says what to install.
 */
export async function findEngine(
  named: string | undefined,
  clock: Clock,
  path = Deno.env.get("PATH") ?? "",
): Promise<ContainerEngine> {
  if (named === undefined) {
    for (const name of KNOWN_ENGINES) if (await onPath(name, path)) return new ContainerEngine([name], clock);
    throw new ProcessError(
      "Cannot start a container: neither docker nor podman is on the PATH; install one (apt install podman), or name " +
        "it with --container-engine",
    );
  }
  const words = splitCommand(named);
  const program = words[0] ?? "";
  if (program.includes("/") ? await isProgram(program) : await onPath(program, path)) {
    return new ContainerEngine(words, clock);
  }
  throw new ProcessError(
    `--container-engine ${named}: there is no program "${program}"; install docker or podman (apt install podman), ` +
      "or give its path",
  );
}

async function onPath(name: string, path: string): Promise<boolean> {
  for (const folder of path.split(Deno.build.os === "windows" ? ";" : ":")) {
    if (folder !== "" && await isProgram(`${folder}/${name}`)) return true;
  }
  return false;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
