/** The built-in reference node as a child process: memory, signals and death are its own. */

import { join } from "node:path";
import { foundedIdentities } from "../src/target/access.ts";
import type { Access } from "../src/target/access.ts";
import { CONTRACT_DIALECT, type Dialect } from "../src/target/dialect.ts";
import { parseEndpoint } from "../src/target/endpoint.ts";
import type { Feature, NodeHandle, SessionHost, Target } from "../src/target/target.ts";
import { ProcessError } from "../src/target/process.ts";
import { type Clock, isObject, tryParseJson } from "../src/protocol/mod.ts";
import type { Network } from "../src/wire/mod.ts";

/** What a child is made of. */
export interface ChildOptions {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly variants: readonly string[];
  /** URL of the program itself, so that a bundle starts a bundle. */
  readonly program: string;
  /** Folder for the data of all children. */
  readonly directory: string;
  readonly clock: Clock;
  readonly dialect?: Dialect;
}

/** Milliseconds until a child must have said that it is ready: it takes 0.4 s, thirty times that on a busy machine. */
const READY_DEADLINE_MS = 15_000;
/** Milliseconds a child has to end after its input closed before it is killed. */
const STOP_DEADLINE_MS = 3_000;
/** Characters of output that are kept for an error. */
const KEPT_OUTPUT = 600;
const MAX_READY_BYTES = 65_536;

const FEATURES: readonly Feature[] = ["fresh", "managed", "isolated"];

/** Children of this process so far: no two share a folder. */
let made = 0;

/** See the module comment. */
export class ChildTarget implements Target {
  readonly kind = "embedded";
  readonly url: string;
  readonly dialect: Dialect;
  readonly access: Access;
  readonly features: ReadonlySet<Feature> = new Set(FEATURES);
  #spare: Promise<Child> | undefined;
  readonly #alive = new Set<Child>();

  constructor(private readonly options: ChildOptions) {
    const names = [...options.faults, ...options.variants];
    this.url = names.length === 0 ? "embedded" : `embedded:${names.join(",")}`;
    this.dialect = options.dialect ?? CONTRACT_DIALECT;
    const { root, node } = foundedIdentities(options.seed);
    this.access = { root, sut: node, allowWrites: true, disposable: true };
  }

  /** A fresh node. The next one is started meanwhile, since most of a start is waiting. */
  async open(_network: Network): Promise<SessionHost> {
    // Taken before anything is awaited: two sides may ask at the same time.
    const next = this.#spare ?? this.#start();
    this.#spare = this.#start();
    this.#spare.catch(() => {});
    const child = await next;
    return {
      get node() {
        return child.handle;
      },
      close: async () => {
        this.#alive.delete(child);
        await child.stop();
      },
    };
  }

  async stop(): Promise<void> {
    await this.#spare?.catch(() => {});
    this.#spare = undefined;
    await Promise.all([...this.#alive].map((child) => child.stop()));
    this.#alive.clear();
  }

  async #start(): Promise<Child> {
    const child = await Child.start(this.options, join(this.options.directory, `${Deno.pid}-${made++}`));
    this.#alive.add(child);
    return child;
  }
}

class Child {
  #stopped: Promise<void> | undefined;

  private constructor(
    readonly handle: NodeHandle,
    private readonly process: Deno.ChildProcess,
    private readonly directory: string,
    private readonly clock: Clock,
    private readonly drained: Promise<unknown>,
  ) {}

  static async start(options: ChildOptions, directory: string): Promise<Child> {
    const { seed, faults, variants, program, clock } = options;
    const { root, node } = foundedIdentities(seed);
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeFile(join(directory, "root.key"), root.seed, { mode: 0o600 });
    await Deno.writeFile(join(directory, "node.key"), node.seed, { mode: 0o600 });
    const args = ["run", "-A", "--no-prompt", program, "node", "--port", "0", "--data", directory, "--seed", `${seed}`];
    if (faults.length > 0) args.push("--fault", faults.join(","));
    if (variants.length > 0) args.push("--variant", variants.join(","));
    const command = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped", stderr: "piped" });
    const process = command.spawn();
    const complaint = { text: "" };
    const drained = drain(process.stderr, complaint);
    const over = new AbortController();
    const late = clock.sleep(READY_DEADLINE_MS, over.signal).then(() => kill(process)).catch(() => {});
    const output = process.stdout.getReader();
    const line = await firstLine(output);
    over.abort();
    await late;
    const ready = tryParseJson(line ?? "");
    if (!isObject(ready) || typeof ready.url !== "string") {
      kill(process);
      await Promise.all([process.status, drained, output.cancel(), process.stdin.close().catch(() => {})]);
      await Deno.remove(directory, { recursive: true });
      throw new ProcessError(`Cannot start the embedded node: ${complaint.text.trim() || "it did not become ready"}`);
    }
    const handle: NodeHandle = {
      endpoint: parseEndpoint(ready.url),
      nodeId: String(ready.node_id),
      communityId: String(ready.community_id),
    };
    return new Child(handle, process, directory, clock, Promise.all([drained, output.cancel().catch(() => {})]));
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#end();
  }

  async #end(): Promise<void> {
    const over = new AbortController();
    const late = this.clock.sleep(STOP_DEADLINE_MS, over.signal).then(() => kill(this.process))
      .catch(() => {});
    await this.process.stdin.close().catch(() => {});
    await this.process.status;
    over.abort();
    await late;
    await this.drained;
    await Deno.remove(this.directory, { recursive: true }).catch(() => {});
  }
}

function kill(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch {
    // It had ended already.
  }
}

async function firstLine(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < MAX_READY_BYTES) {
    const { value, done } = await reader.read();
    if (done) return undefined;
    text += decoder.decode(value, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  return undefined;
}

async function drain(stream: ReadableStream<Uint8Array>, into: { text: string }): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    into.text = (into.text + decoder.decode(chunk, { stream: true })).slice(-KEPT_OUTPUT);
  }
}
