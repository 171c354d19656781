/** The built-in node as a process: its memory, its signals and its death are its own (design.md "Target"). */

import { join } from "node:path";
import { type Clock, type Identity, identityFromSeed, isObject, tryParseJson } from "../src/protocol/mod.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { signalGroup } from "../src/target/process_group.ts";
import { endOrphan, noteProcess, PROCESS_FILE } from "./orphan.ts";

/** Milliseconds a child has to say that it is ready, and to end after SIGTERM. */
const READY_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;
/** Milliseconds the last output of an ended child may take to arrive. */
const LAST_OUTPUT_MS = 500;
/** Longest ready line, and how much of the last complaint an error quotes. */
const MAX_READY_BYTES = 65_536;
const QUOTED_OUTPUT = 400;
/** The child did not come up; nothing is claimed about the target. */
export class ChildError extends Error {
  override readonly name = "ProcessError";
}

export interface ChildOptions {
  /** URL of main.ts. */
  readonly main: string;
  readonly faults: readonly string[];
  readonly clock: Clock;
  /** Data directory; kept across restarts and resumes. */
  readonly data: string;
  readonly seed: number;
}

/** A node the tester started and can end, start again and send signals to, whatever it runs in. */
export interface SteeredNode {
  /** Where it answers, the same after every start. */
  readonly url: string;
  /** Undefined while it is away. */
  readonly pid: number | undefined;
  /** Sends a signal; nothing while it is away. */
  signal(signal: Deno.Signal): void | Promise<void>;
  /**
   * Ends it and starts it again on the same data and port.
   *
   * @param awayMs Milliseconds between its end and its start.
   * @param signal Once aborted it stays away no longer.
   */
  restart(how: "SIGTERM" | "SIGKILL", awayMs?: number, signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** A running node that ends with this process, because its stdin closes then. */
export class NodeChild implements SteeredNode {
  #process: Deno.ChildProcess | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #port = 0;
  #url: string | undefined;
  #complaint = "";
  #stopped = false;

  private constructor(private readonly options: ChildOptions) {}

  /**
   * Ends what an earlier tester left running on the same data, and starts.
   *
   * @throws {ChildError} If the child ends or says nothing in time.
   */
  static async start(options: ChildOptions): Promise<NodeChild> {
    const { data, clock } = options;
    await Deno.mkdir(data, { recursive: true });
    await endOrphan(join(data, PROCESS_FILE), clock);
    const child = new NodeChild(options);
    await child.#launch();
    return child;
  }

  get url(): string {
    if (this.#url === undefined) throw new ChildError("Cannot use the node: current state is not started");
    return this.#url;
  }

  /** Undefined while it is away. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Keys of the community and of the node, from the files of the data directory. */
  async keys(): Promise<{ readonly root: Identity; readonly node: Identity }> {
    const [root, node] = await Promise.all(
      ["root.key", "node.key"].map((name) => Deno.readFile(join(this.options.data, name))),
    );
    if (root === undefined || node === undefined) throw new ChildError("Cannot read the keys of the node");
    return { root: identityFromSeed(root), node: identityFromSeed(node) };
  }

  /** Sends a signal to the running process; nothing while it is away. */
  signal(signal: Deno.Signal): void {
    if (this.#process !== undefined) signalGroup(this.#process.pid, signal);
  }

  async restart(how: "SIGTERM" | "SIGKILL", awayMs?: number, signal?: AbortSignal): Promise<void> {
    await this.#end(how);
    await this.options.clock.sleep(awayMs ?? 0, signal).catch(() => {});
    if (!this.#stopped) await this.#launch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#end("SIGTERM");
    await Deno.remove(join(this.options.data, PROCESS_FILE)).catch(() => {});
  }

  #command(): { readonly program: string; readonly args: readonly string[] } {
    const { main, faults, data, seed } = this.options;
    const args = ["node", "--port", String(this.#port), "--data", data, "--seed", String(seed)];
    return selfCommand(main, [
      ...args,
      "--profile",
      "civil-defence",
      ...faults.flatMap((fault) => ["--fault", fault]),
    ]);
  }

  async #launch(): Promise<void> {
    const { program, args } = this.#command();
    let process: Deno.ChildProcess;
    try {
      process = new Deno.Command(program, {
        args: [...args],
        // What is exported is of the tester; the target would send its own under the same name.
        env: { OTEL_DENO: "false" },
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        // Ctrl-C in a terminal reaches the whole group; this one ends when we say so.
        detached: true,
      }).spawn();
    } catch (error) {
      throw new ChildError(`Cannot start ${program}: ${error instanceof Error ? error.message : error}`);
    }
    this.#process = process;
    await noteProcess(join(this.options.data, PROCESS_FILE), process.pid);
    this.#complaint = "";
    const complaints = this.#drain(process.stderr);
    const line = await this.#firstLine(process);
    this.#reading = Promise.all([complaints, line.rest]);
    await this.#readyLine(line.text);
  }

  /** The embedded node prints one line of JSON when it is ready. */
  async #readyLine(text: string): Promise<void> {
    const ready = tryParseJson(new TextEncoder().encode(text));
    if (!isObject(ready) || typeof ready.url !== "string") {
      await this.#end("SIGKILL");
      throw new ChildError(`Cannot start the embedded node: ${this.#complaint.trim() || "no ready line"}`);
    }
    this.#url = ready.url;
    this.#port = Number(new URL(ready.url).port);
  }

  /** The ready line, and the reading of everything after it. */
  async #firstLine(process: Deno.ChildProcess): Promise<{ readonly text: string; readonly rest: Promise<void> }> {
    const { clock } = this.options;
    const over = new AbortController();
    const late = clock.sleep(READY_DEADLINE_MS, over.signal).then(() => process.kill("SIGKILL")).catch(() => {});
    const reader = process.stdout.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (!text.includes("\n") && text.length < MAX_READY_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    over.abort(new Error("ready"));
    await late;
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    return { text: text.split("\n", 1)[0] ?? "", rest: rest() };
  }

  async #drain(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#complaint = (this.#complaint + decoder.decode(chunk, { stream: true })).slice(-QUOTED_OUTPUT);
    }
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    const kill = (how: Deno.Signal) => signalGroup(process.pid, how);
    const { clock } = this.options;
    const over = new AbortController();
    // A stopped process takes no SIGTERM.
    kill("SIGCONT");
    kill(signal);
    const late = clock.sleep(STOP_DEADLINE_MS, over.signal).then(() => kill("SIGKILL")).catch(() => {});
    await process.status;
    over.abort(new Error("ended"));
    await late;
    await process.stdin.close().catch(() => {});
    // What it started itself may hold its output open.
    const quiet = new AbortController();
    await Promise.race([this.#reading, clock.sleep(LAST_OUTPUT_MS, quiet.signal).catch(() => {})]);
    quiet.abort(new Error("read"));
  }
}
