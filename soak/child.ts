/** The embedded node as a child process: its memory, its signals and its death are its own (design.md "Target"). */

import { type Clock, type Identity, identityFromSeed, isObject, tryParseJson } from "../src/protocol/mod.ts";

/** Milliseconds a child has to say that it is ready, and to end after SIGTERM. */
const READY_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;
/** Longest ready line, and how much of the last complaint an error quotes. */
const MAX_READY_BYTES = 65_536;
const QUOTED_OUTPUT = 400;

/** The child did not come up; nothing is claimed about the target. */
export class ChildError extends Error {
  override readonly name = "ProcessError";
}

/** How to start the program itself. */
export interface Program {
  readonly execPath: string;
  /** URL of main.ts. */
  readonly main: string;
}

export interface ChildOptions {
  readonly program: Program;
  readonly clock: Clock;
  /** Data directory; kept across restarts. */
  readonly data: string;
  readonly faults: readonly string[];
  readonly seed: number;
}

/** What a ready child says of itself. */
interface Ready {
  readonly url: string;
  readonly pid: number;
  readonly rootKey: string;
  readonly nodeKey: string;
}

/** A running node that ends when this process ends, because its stdin closes then. */
export class NodeChild {
  #process: Deno.ChildProcess | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #ready: Ready | undefined;
  #complaint = "";

  private constructor(private readonly options: ChildOptions) {}

  /** @throws {ChildError} If the child ends or says nothing in time. */
  static async start(options: ChildOptions): Promise<NodeChild> {
    const child = new NodeChild(options);
    await child.#launch(0);
    return child;
  }

  get url(): string {
    return this.#known.url;
  }

  get pid(): number {
    return this.#known.pid;
  }

  /** Keys of the community and of the node, from the files of the data directory. */
  async keys(): Promise<{ readonly root: Identity; readonly node: Identity }> {
    const [root, node] = await Promise.all([Deno.readFile(this.#known.rootKey), Deno.readFile(this.#known.nodeKey)]);
    return { root: identityFromSeed(root), node: identityFromSeed(node) };
  }

  signal(signal: Deno.Signal): void {
    this.#process?.kill(signal);
  }

  /** Ends the child with SIGTERM or SIGKILL and starts it again on the same data and port. */
  async restart(how: "SIGTERM" | "SIGKILL"): Promise<void> {
    const port = Number(new URL(this.#known.url).port);
    await this.#end(how);
    await this.#launch(port);
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  get #known(): Ready {
    if (this.#ready === undefined) throw new ChildError("Cannot use the node: current state is not started");
    return this.#ready;
  }

  async #launch(port: number): Promise<void> {
    const { program, data, faults, seed } = this.options;
    const args = ["run", "-A", program.main, "node", "--port", String(port), "--data", data, "--seed", String(seed)];
    for (const fault of faults) args.push("--fault", fault);
    const process = new Deno.Command(program.execPath, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // Ctrl-C in a terminal reaches the whole group; this one ends when we say so.
      detached: true,
    })
      .spawn();
    this.#process = process;
    const complaints = this.#drain(process.stderr);
    const line = await this.#firstLine(process);
    this.#reading = Promise.all([complaints, line.rest]);
    const ready = tryParseJson(new TextEncoder().encode(line.text));
    if (
      !isObject(ready) || typeof ready.url !== "string" || typeof ready.pid !== "number" ||
      typeof ready.root_key !== "string" || typeof ready.node_key !== "string"
    ) {
      await this.#end("SIGKILL");
      throw new ChildError(`Cannot start the embedded node: ${this.#complaint.trim() || "no ready line"}`);
    }
    this.#ready = { url: ready.url, pid: ready.pid, rootKey: ready.root_key, nodeKey: ready.node_key };
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
    const kill = (how: Deno.Signal) => {
      try {
        process.kill(how);
      } catch {
        // It had ended already.
      }
    };
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
    await this.#reading;
  }
}
