/** The target as a process of ours: its memory, its signals and its death are its own (design.md "Target"). */

import { join } from "node:path";
import {
  type Clock,
  type Identity,
  identityFromSeed,
  isNodeId,
  isObject,
  Random,
  tryParseJson,
} from "../src/protocol/mod.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { foundedIdentities } from "../src/target/access.ts";
import { splitCommand } from "../src/target/managed_node.ts";
import { writeAtomic } from "../src/report/atomic.ts";
import { LiveNetwork, nullSink, request } from "../src/wire/mod.ts";
import { endOrphan, signalGroup, startOf } from "./orphan.ts";

/** Milliseconds a child has to say that it is ready, and to end after SIGTERM. */
const READY_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;
/** Milliseconds between two looks at a starting process, and until one look is given up. */
const READY_EVERY_MS = 50;
const LOOK_DEADLINE_MS = 2000;
/** Milliseconds the last output of an ended child may take to arrive. */
const LAST_OUTPUT_MS = 500;
/** Longest ready line, and how much of the last complaint an error quotes. */
const MAX_READY_BYTES = 65_536;
const QUOTED_OUTPUT = 400;
/** Below the range systems take ephemeral ports from, so that nobody gets ours between looking and starting. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
/** Beside the data: which process serves it, so that a resumed run finds what the one before left behind. */
const PROCESS_FILE = "process.json";

/** The child did not come up; nothing is claimed about the target. */
export class ChildError extends Error {
  override readonly name = "ProcessError";
}

/** What is started: the reference node, or a command line with `{port}` and `{data}`. */
export type Started =
  | {
    readonly kind: "embedded";
    /** URL of main.ts. */
    readonly main: string;
    readonly faults: readonly string[];
  }
  | { readonly kind: "exec"; readonly command: string };

export interface ChildOptions {
  readonly what: Started;
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

/** A running node that is ended with this process: the embedded one because its stdin closes then, others on resume. */
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
    const { data, what, seed, clock } = options;
    await Deno.mkdir(data, { recursive: true });
    await endOrphan(join(data, PROCESS_FILE), clock);
    const child = new NodeChild(options);
    if (what.kind === "exec") {
      const { root, node } = foundedIdentities(seed);
      await Deno.writeFile(join(data, "root.key"), root.seed, { mode: 0o600 });
      await Deno.writeFile(join(data, "node.key"), node.seed, { mode: 0o600 });
      child.#port = freePort(seed);
    }
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
    const { what, data, seed } = this.options;
    if (what.kind === "embedded") {
      const args = ["node", "--port", String(this.#port), "--data", data, "--seed", String(seed)];
      return selfCommand(what.main, [
        ...args,
        "--profile",
        "civil-defence",
        ...what.faults.flatMap((fault) => ["--fault", fault]),
      ]);
    }
    const values: Readonly<Record<string, string>> = {
      port: String(this.#port),
      data,
      root_key: join(data, "root.key"),
      node_key: join(data, "node.key"),
    };
    const words = splitCommand(what.command).map((word) =>
      word.replace(/\{(port|data|root_key|node_key)\}/g, (whole, name: string) => values[name] ?? whole)
    );
    return { program: words[0] ?? "", args: words.slice(1) };
  }

  async #launch(): Promise<void> {
    const { program, args } = this.#command();
    let process: Deno.ChildProcess;
    try {
      process = new Deno.Command(program, {
        args: [...args],
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
    const started = startOf(process.pid);
    await writeAtomic(join(this.options.data, PROCESS_FILE), JSON.stringify({ pid: process.pid, started }) + "\n");
    this.#complaint = "";
    const complaints = this.#drain(process.stderr);
    if (this.options.what.kind === "embedded") {
      const line = await this.#firstLine(process);
      this.#reading = Promise.all([complaints, line.rest]);
      await this.#readyLine(line.text);
    } else {
      this.#reading = Promise.all([complaints, this.#drain(process.stdout)]);
      await this.#answering(process);
    }
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

  /** Other nodes are ready when they show their manifest. */
  async #answering(process: Deno.ChildProcess): Promise<void> {
    const { clock } = this.options;
    const network = new LiveNetwork({ scope: "start", sink: nullSink, clock });
    let ended = false;
    process.status.then(() => ended = true);
    const end = clock.mono() + READY_DEADLINE_MS;
    try {
      for (;;) {
        for (const scheme of ["http", "https"] as const) {
          const endpoint = { scheme, host: "127.0.0.1", port: this.#port };
          const get = { method: "GET", path: "/manifest", headers: [] };
          const answer = await request(network, endpoint, get, { deadlineMs: LOOK_DEADLINE_MS });
          const manifest = tryParseJson(answer.body);
          if (!ended && isObject(manifest) && isNodeId(manifest.node_id)) {
            this.#url = `${scheme}://127.0.0.1:${this.#port}`;
            return;
          }
        }
        if (ended || clock.mono() > end) break;
        await clock.sleep(READY_EVERY_MS);
      }
    } finally {
      network.close();
    }
    await this.#end("SIGKILL");
    const why = ended ? "it ended" : `no answer to GET /manifest within ${READY_DEADLINE_MS / 1000} s`;
    throw new ChildError(`Cannot start the target: ${why}: ${this.#complaint.trim()}`);
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

/** A port nobody listens on; different processes look in different places. */
function freePort(seed: number): number {
  const random = new Random(seed, "soak-port", Deno.pid);
  for (;;) {
    const port = FIRST_PORT + random.below(PORTS);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
