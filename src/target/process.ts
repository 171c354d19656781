/**
 * A process the tester starts, signals and restarts: `exec:"COMMAND {port} {data}"`. Placeholders: `{port}` a free
 * port, `{data}` a directory of its own that holds `root.key` and `node.key` (raw 32-byte seeds), `{root_key}` and
 * `{node_key}` their paths. Sessions share one process; a case that restarts the node gets its own.
 */

import { join } from "node:path";
import type { Clock } from "../protocol/mod.ts";
import { systemClock } from "../wire/mod.ts";
import type { Adapter } from "./adapter.ts";
import type { Dialect } from "./dialect.ts";
import { Guard } from "./guard.ts";
import { newestLog } from "./log_files.ts";
import {
  endNode,
  filled,
  freePort,
  type ManagedNode,
  NODE_KEY_FILE,
  READY_DEADLINE_MS,
  ROOT_KEY_FILE,
  splitCommand,
  untilReady,
  writeKeys,
} from "./managed_node.ts";
import { ManagedTarget } from "./managed_target.ts";
import { groupLeft, signalGroup } from "./process_group.ts";
import { type Exit, ProcessError, RunningChild } from "./running_child.ts";
import type { NodeHandle } from "./target.ts";

export { ProcessError, splitCommand };

export interface ProcessOptions {
  readonly command: string;
  readonly seed: number;
  readonly dialect: Dialect;
  readonly adapter: Adapter;
  readonly clock?: Clock;
  /** Time to answer `GET /manifest`, in milliseconds; default 30 s. */
  readonly readyMs?: number;
  /** Aborted by Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Its data directory, which stays when it ends; without it one is made, and removed in the end. */
  readonly directory?: string;
  /** Signals go to all its processes, not to the first alone. */
  readonly wholeGroup?: boolean;
}

/** A process and its place on disk. */
class ManagedProcess implements ManagedNode {
  #child: RunningChild | undefined;
  /** Ends the whole group of the process when the tester dies. */
  #guard: Guard | undefined;

  private constructor(
    private readonly options: ProcessOptions,
    private readonly clock: Clock,
    private readonly directory: string,
    private readonly port: number,
    private readonly interrupt: AbortSignal | undefined,
  ) {}

  static async create(options: ProcessOptions, clock: Clock, signal?: AbortSignal): Promise<ManagedProcess> {
    const directory = options.directory ?? await Deno.makeTempDir({ prefix: "hearthproof-target-" });
    await Deno.mkdir(directory, { recursive: true });
    await writeKeys(directory, options.seed);
    return new ManagedProcess(options, clock, directory, freePort(options.seed), signal);
  }

  get pid(): number | undefined {
    return this.#child?.ended === undefined ? this.#child?.pid : undefined;
  }

  async start(): Promise<NodeHandle> {
    const { command, readyMs = READY_DEADLINE_MS } = this.options;
    const signal = this.#child === undefined ? this.interrupt : undefined;
    await this.#child?.release();
    const [program, ...args] = filled(splitCommand(command), {
      port: String(this.port),
      data: this.directory,
      root_key: join(this.directory, ROOT_KEY_FILE),
      node_key: join(this.directory, NODE_KEY_FILE),
    });
    if (program === undefined) throw new ProcessError("Cannot start the target: the command is empty");
    const child = new RunningChild(program, args, this.clock);
    this.#child = child;
    const earlier = this.#guard;
    if (Deno.build.os !== "windows") {
      this.#guard = await Guard.start({ last: ["kill", "-s", "KILL", "--", `-${child.pid}`] }, this.clock);
    }
    await earlier?.release();
    try {
      return await untilReady({
        port: this.port,
        deadlineMs: readyMs,
        clock: this.clock,
        ...(signal === undefined ? {} : { signal }),
        ended: () => child.ended,
        lastWords: () => child.lastWords,
      });
    } catch (error) {
      await endNode(this, "SIGKILL");
      throw error;
    }
  }

  signal(signal: Deno.Signal): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.ended === undefined) {
      if (this.options.wholeGroup === true) signalGroup(child.pid, signal);
      else child.signal(signal);
    }
    return Promise.resolve();
  }

  wait(deadlineMs: number): Promise<Exit | undefined> {
    return this.#child?.wait(deadlineMs) ?? Promise.resolve({ code: null, signal: null });
  }

  async leftovers(): Promise<number | null> {
    return this.#child === undefined ? null : await groupLeft(this.#child.pid, this.clock);
  }

  async release(): Promise<void> {
    await this.#guard?.release();
    await this.#child?.release();
  }

  logs(): Promise<string> {
    return newestLog(filled(this.options.adapter.logFiles, { data: this.directory }));
  }

  async remove(): Promise<void> {
    await endNode(this, "SIGTERM");
    await this.release();
    if (this.options.directory === undefined) await Deno.remove(this.directory, { recursive: true });
  }
}

/** See the module comment. */
export class ProcessTarget extends ManagedTarget {
  constructor(options: ProcessOptions) {
    const clock = options.clock ?? systemClock();
    super({
      kind: "process",
      url: `exec:${options.command}`,
      seed: options.seed,
      dialect: options.dialect,
      clock,
      logs: options.adapter.logFiles.length > 0,
      make: (signal) => ManagedProcess.create(options, clock, signal),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }
}
