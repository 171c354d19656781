/**
 * A node in a container: `docker:IMAGE`, or `"docker:IMAGE ARGUMENT…"` (X09 §4.2, DockerTarget).
 *
 * The contract with an image. It is started with these variables, and the same values stand in for `{port}`, `{host}`,
 * `{data}`, `{root_key}` and `{node_key}` in the arguments:
 *
 * - `HEARTHNET_HOST`, `HEARTHNET_PORT`: where the node listens. Usually 0.0.0.0 and 7900, published on a free port of
 *   127.0.0.1; with `--container-arg=--network=host` 127.0.0.1 and a free port.
 * - `HEARTHNET_DATA`: a folder of a volume, `/data/node`, owned by the image's user and empty but for the keys. It stays
 *   when the node is stopped, killed and started again, and is removed with the container.
 * - `HEARTHNET_ROOT_KEY`, `HEARTHNET_NODE_KEY`: files in it with the raw 32-byte Ed25519 seeds of the community the node
 *   founds and of the node itself.
 *
 * Its standard input stays open. SIGTERM must end it; after a stop or a kill it is started again as it is.
 */

import { join } from "node:path";
import type { Clock } from "../protocol/mod.ts";
import { belongsTo, groupMemory, statedMemory } from "./container_memory.ts";
import { type ContainerEngine, findEngine } from "./container_engine.ts";
import type { Dialect } from "./dialect.ts";
import { Guard } from "./guard.ts";
import { newestLog } from "./log_files.ts";
import {
  endNode,
  filled,
  freePort,
  type ManagedNode,
  NODE_KEY_FILE,
  ROOT_KEY_FILE,
  STOP_DEADLINE_MS,
  untilReady,
  writeKeys,
} from "./managed_node.ts";
import { ManagedTarget } from "./managed_target.ts";
import { type Exit, ProcessError, type RunningChild } from "./running_child.ts";
import type { NodeHandle } from "./target.ts";

/** Where the volume is mounted, and the folder in it that is made for the image's user, who may not own the volume. */
const VOLUME = "/data";
const DATA_FOLDER = "node";
const DATA = `${VOLUME}/${DATA_FOLDER}`;
/** The port in a network of the container's own. */
const INNER_PORT = 7900;
/** How programs and engines write "ended by signal N" as an exit code: 128 + N. */
const SIGNAL_CODES: Readonly<Record<number, string>> = { 130: "SIGINT", 137: "SIGKILL", 143: "SIGTERM" };
/** Time until a signal the engine refused is tried again, in milliseconds. */
const SIGNAL_AGAIN_MS = 50;
/** Label of every container of the tester, to find one whose guard was killed as well. */
const LABEL = "hearthproof.target";

export interface ContainerOptions {
  readonly engine: ContainerEngine;
  readonly image: string;
  /** Arguments for the image's entry point; the names of the module comment in curly brackets are filled in. */
  readonly command: readonly string[];
  /** Options for the engine's `create`. */
  readonly args: readonly string[];
  readonly seed: number;
  readonly clock: Clock;
  /** Time to answer `GET /manifest`, in milliseconds. */
  readonly readyMs: number;
  /** Paths in the container of the node's log files. */
  readonly logFiles: readonly string[];
  /** Ends the making and the first start when it is aborted. */
  readonly signal?: AbortSignal;
}

/** See the module comment. */
export class ManagedContainer implements ManagedNode {
  #attached: RunningChild | undefined;
  #pid: number | undefined;

  private constructor(
    private readonly options: ContainerOptions,
    readonly name: string,
    private readonly port: number,
    private readonly guard: Guard,
  ) {}

  /**
   * Makes the container with its volume and keys; it does not run yet.
   *
   * @throws {ProcessError} If the engine cannot; then nothing is left.
   */
  static async create(options: ContainerOptions): Promise<ManagedContainer> {
    const { engine, clock, seed, signal } = options;
    const name = `hearthproof-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
    const port = freePort(seed);
    const first = engine.command(...createArguments(options, name, port));
    const last = engine.command("rm", "-f", "-v", name);
    const guard = await Guard.start({ first, purpose: `make a container of ${options.image}`, last }, clock, signal);
    const container = new ManagedContainer(options, name, port, guard);
    try {
      await container.#provision();
    } catch (error) {
      await container.remove();
      throw error;
    }
    return container;
  }

  get pid(): number | undefined {
    return this.#attached?.ended === undefined ? this.#pid : undefined;
  }

  async start(): Promise<NodeHandle> {
    const { engine, clock, readyMs } = this.options;
    const signal = this.#attached === undefined ? this.options.signal : undefined;
    await this.#attached?.release();
    // Attached, so that its output and its end are seen as they come; signals go through the engine.
    const attached = engine.run("start", "--attach", "--sig-proxy=false", this.name);
    this.#attached = attached;
    try {
      const handle = await untilReady({
        port: this.port,
        deadlineMs: readyMs,
        clock,
        ...(signal === undefined ? {} : { signal }),
        ended: () => attached.ended,
        lastWords: () => attached.lastWords,
      });
      this.#pid = await this.#mainProcess();
      return handle;
    } catch (error) {
      // What went wrong first counts; the guard removes whatever still runs.
      await endNode(this, "SIGKILL").catch(() => {});
      throw error;
    }
  }

  async signal(signal: Deno.Signal): Promise<void> {
    const { engine, clock } = this.options;
    const end = clock.mono() + STOP_DEADLINE_MS;
    // The engine refuses while the container has not begun to run, and when it has just ended.
    while (this.#attached !== undefined && this.#attached.ended === undefined) {
      try {
        await engine.call("kill", "--signal", signal, this.name);
        return;
      } catch (error) {
        if (!(error instanceof ProcessError) || clock.mono() > end) throw error;
        await this.#attached.wait(SIGNAL_AGAIN_MS);
      }
    }
  }

  async wait(deadlineMs: number): Promise<Exit | undefined> {
    if (this.#attached === undefined) return { code: null, signal: null };
    const exit = await this.#attached.wait(deadlineMs);
    const signal = SIGNAL_CODES[exit?.code ?? 0];
    return exit === undefined || signal === undefined ? exit : { code: null, signal };
  }

  /** All processes of a container end with its first. */
  leftovers(): Promise<number | null> {
    return Promise.resolve(0);
  }

  async release(): Promise<void> {
    await this.#attached?.release();
  }

  async logs(): Promise<string> {
    const folder = await Deno.makeTempDir({ prefix: "hearthproof-logs-" });
    try {
      const copies = this.options.logFiles.map(async (path, index) => {
        const copy = join(folder, String(index));
        const [inside = path] = filled([path], { data: DATA });
        await this.options.engine.call("cp", `${this.name}:${inside}`, copy).catch(absent);
        return copy;
      });
      return await newestLog(await Promise.all(copies));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  async memoryBytes(): Promise<number | undefined> {
    const memory = this.pid === undefined ? undefined : await groupMemory(this.pid);
    if (memory !== undefined) return memory;
    try {
      return statedMemory(
        await this.options.engine.call("stats", "--no-stream", "--format", "{{.MemUsage}}", this.name),
      );
    } catch (error) {
      if (error instanceof ProcessError) return undefined;
      throw error;
    }
  }

  async remove(): Promise<void> {
    await endNode(this, "SIGTERM").catch(() => {});
    const { code, said } = await this.guard.release();
    // The client ends with the container, unless the removal failed.
    if (await this.wait(STOP_DEADLINE_MS) === undefined) this.#attached?.signal("SIGKILL");
    await this.release();
    if (code === 0) return;
    const by = this.options.engine.command("rm", "-f", "-v", this.name).join(" ");
    throw new ProcessError(`Cannot remove the container: ${said}. Remove it with: ${by}`);
  }

  /** Puts the keys into the volume, owned by the image's user. */
  async #provision(): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "hearthproof-keys-" });
    try {
      const data = join(folder, DATA_FOLDER);
      await Deno.mkdir(data, { mode: 0o700 });
      await writeKeys(data, this.options.seed);
      await this.options.engine.call("cp", "-a", data, `${this.name}:${VOLUME}/`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  async #mainProcess(): Promise<number | undefined> {
    const said = await this.options.engine.call("inspect", "--format", "{{.State.Pid}} {{.Id}}", this.name);
    const [pid = "", id = ""] = said.split(" ");
    return Number(pid) > 0 && await belongsTo(Number(pid), id) ? Number(pid) : undefined;
  }
}

/** A log file that is not there yet is no error. */
function absent(error: unknown): void {
  if (!(error instanceof ProcessError)) throw error;
}

/** What the image is told, by the names of the module comment. */
function valuesFor(args: readonly string[], port: number): Readonly<Record<string, string>> {
  const shared = sharesNetwork(args);
  return {
    host: shared ? "127.0.0.1" : "0.0.0.0",
    port: String(shared ? port : INNER_PORT),
    data: DATA,
    root_key: `${DATA}/${ROOT_KEY_FILE}`,
    node_key: `${DATA}/${NODE_KEY_FILE}`,
  };
}

/** Whether the container uses the network of this machine: then nothing can be published. */
function sharesNetwork(args: readonly string[]): boolean {
  return args.some((arg, i) =>
    /^--net(work)?=host$/.test(arg) || (/^--net(work)?$/.test(arg) && args[i + 1] === "host")
  );
}

/** Arguments of the engine's `create`. */
export function createArguments(options: ContainerOptions, name: string, port: number): string[] {
  const { args, image, command } = options;
  const values = valuesFor(args, port);
  return [
    "create",
    "--name",
    name,
    "--label",
    LABEL,
    "--interactive",
    "--volume",
    VOLUME,
    ...(sharesNetwork(args) ? [] : ["--publish", `127.0.0.1:${port}:${values.port}`]),
    ...Object.entries(values).flatMap(([key, value]) => ["--env", `HEARTHNET_${key.toUpperCase()}=${value}`]),
    ...args,
    image,
    ...filled(command, values),
  ];
}

/** What a command line says of a container target. */
export interface ContainerTargetOptions extends Omit<ContainerOptions, "engine"> {
  readonly dialect: Dialect;
  /** Name or command of the engine; looked for when the first container is made, since a recheck needs none. */
  readonly engine?: string;
}

/** See the module comment. */
export class ContainerTarget extends ManagedTarget {
  constructor(options: ContainerTargetOptions) {
    const { signal: interrupt, ...each } = options;
    const { image, command, seed, dialect, clock, logFiles } = each;
    let engine: Promise<ContainerEngine> | undefined;
    super({
      kind: "container",
      url: `docker:${[image, ...command].join(" ")}`,
      seed,
      dialect,
      clock,
      logs: logFiles.length > 0,
      make: async (signal) => {
        engine ??= findEngine(each.engine, clock);
        const one = { ...each, engine: await engine, ...(signal === undefined ? {} : { signal }) };
        return await ManagedContainer.create(one);
      },
      ...(interrupt === undefined ? {} : { signal: interrupt }),
    });
  }
}
