/** The built-in reference node as a child process: memory, signals and death are its own. */

import { join } from "node:path";
import { selfCommand } from "../src/cli/self_command.ts";
import { foundedIdentities } from "../src/target/access.ts";
import type { Access } from "../src/target/access.ts";
import { CONTRACT_DIALECT, type Dialect } from "../src/target/dialect.ts";
import { parseEndpoint } from "../src/target/endpoint.ts";
import type { Feature, NodeHandle, SessionHost, Target } from "../src/target/target.ts";
import { ProcessError } from "../src/target/process.ts";
import {
  type Clock,
  deriveBytes,
  identityFromSeed,
  isObject,
  Random,
  tryParseJson,
  utf8,
} from "../src/protocol/mod.ts";
import { type Network, type Proxy, type ProxyRule, startProxy } from "../src/wire/mod.ts";

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

/** Milliseconds until a child must have said that it is ready: it takes 0.4 s, seconds on a busy machine. */
const READY_DEADLINE_MS = 60_000;
/** Milliseconds a child has to end after its input closed before it is killed. */
const STOP_DEADLINE_MS = 3_000;
/** Characters of output that are kept for an error. */
const KEPT_OUTPUT = 600;
const MAX_READY_BYTES = 65_536;
/** Times two nodes are introduced: on a busy machine one may not look at the other in time. */
const MAX_MEETINGS = 5;
/** Processes kept warm per target: one in use by each of two runs that overlap, and the next. */
const MAX_IDLE = 3;

const FEATURES: readonly Feature[] = ["fresh", "managed", "isolated", "second-node"];

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
  /** Warm processes whose node was started afresh after a session. */
  readonly #idle: Promise<Child>[] = [];
  readonly #alive = new Set<Child>();

  constructor(private readonly options: ChildOptions) {
    const names = [...options.faults, ...options.variants];
    this.url = names.length === 0 ? "embedded" : `embedded:${names.join(",")}`;
    this.dialect = options.dialect ?? CONTRACT_DIALECT;
    const { root, node } = foundedIdentities(options.seed);
    this.access = { root, sut: node, allowWrites: true, disposable: true };
  }

  /** A fresh node: in a process that served another before if there is one, since most of a start is the process. */
  async open(network: Network): Promise<SessionHost> {
    // Taken before anything is awaited: two sides may ask at the same time.
    const next = this.#idle.shift() ?? this.#spare ?? this.#start();
    if (next === this.#spare) this.#spare = undefined;
    if (this.#idle.length === 0) {
      this.#spare ??= this.#start();
      this.#spare.catch(() => {});
    }
    const child = await next;
    let couple: Couple | undefined;
    return {
      get node() {
        return child.handle;
      },
      gossip: () => child.ask("gossip").then(() => {}),
      shape: (rules) => couple?.shape(rules),
      secondNode: async () => {
        couple = await Couple.join(
          network,
          this.options.seed,
          child,
          () => Child.start(this.options, this.#folder(), 1),
        );
        return couple.host;
      },
      close: async () => {
        if (this.#idle.length < MAX_IDLE) this.#recycle(child);
        else {
          this.#alive.delete(child);
          await child.stop();
        }
        // Proxies end with the connections that the nodes keep open to them.
        await couple?.close();
      },
    };
  }

  /** Starts the node of a child afresh while nobody waits; one that does not come back is replaced. */
  #recycle(child: Child): void {
    const again = child.fresh(this.#folder()).then(() => child, async () => {
      this.#alive.delete(child);
      await child.stop();
      return await this.#start();
    });
    again.catch(() => {});
    this.#idle.push(again);
  }

  #folder(): string {
    return join(this.options.directory, `${Deno.pid}-${made++}`);
  }

  async stop(): Promise<void> {
    await this.#spare?.catch(() => {});
    this.#spare = undefined;
    await Promise.allSettled(this.#idle.splice(0));
    await Promise.all([...this.#alive].map((child) => child.stop()));
    this.#alive.clear();
  }

  async #start(): Promise<Child> {
    const child = await Child.start(this.options, this.#folder());
    this.#alive.add(child);
    return child;
  }
}

/** Two nodes of one community that reach each other through proxies of the tester. */
class Couple {
  private constructor(private readonly second: Child, private readonly proxies: readonly Proxy[]) {}

  static async join(network: Network, seed: number, first: Child, start: () => Promise<Child>): Promise<Couple> {
    const second = await start();
    const proxies: Proxy[] = [];
    const couple = new Couple(second, proxies);
    try {
      for (const [index, { handle }] of [first, second].entries()) {
        const random = new Random(seed, "proxy", index);
        proxies.push(await startProxy(network, { upstream: handle.endpoint, rules: [], random }));
      }
      const [toFirst = "", toSecond = ""] = proxies.map(({ host, port }) => `http://${host}:${port}`);
      for (let meeting = 1; !await couple.#meet(first, toFirst, toSecond); meeting++) {
        if (meeting === MAX_MEETINGS) throw new ProcessError("Cannot let two nodes meet: one does not admit the other");
      }
      return couple;
    } catch (error) {
      await couple.close();
      throw error;
    }
  }

  /** Whether each now knows the other; a node admits only whom its log names, so the second tells of itself first. */
  async #meet(first: Child, toFirst: string, toSecond: string): Promise<boolean> {
    const { second } = this;
    const there = await second.meet(toFirst);
    await second.ask("gossip");
    const here = await first.meet(toSecond);
    await first.ask("gossip");
    return there && here;
  }

  get host(): SessionHost {
    const { second } = this;
    return {
      get node() {
        return second.handle;
      },
      gossip: () => second.ask("gossip").then(() => {}),
      close: () => Promise.resolve(),
    };
  }

  shape(rules: readonly ProxyRule[]): void {
    for (const proxy of this.proxies) proxy.setRules(rules);
  }

  async close(): Promise<void> {
    await this.second.stop();
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }
}

class Child {
  #stopped: Promise<void> | undefined;
  #handle: NodeHandle;

  private constructor(
    ready: NodeHandle,
    private readonly options: ChildOptions,
    private readonly process: Deno.ChildProcess,
    private readonly output: ReadableStreamDefaultReader<Uint8Array>,
    private directory: string,
    private readonly drained: Promise<unknown>,
  ) {
    this.#handle = ready;
  }

  get handle(): NodeHandle {
    return this.#handle;
  }

  /** `index` tells the nodes of one community apart. */
  static async start(options: ChildOptions, directory: string, index = 0): Promise<Child> {
    const { seed, faults, variants, program, clock } = options;
    await prepare(directory, seed, index);
    const args = ["node", "--port", "0", "--data", directory, "--seed", `${seed}`];
    if (faults.length > 0) args.push("--fault", faults.join(","));
    if (variants.length > 0) args.push("--variant", variants.join(","));
    const self = selfCommand(program, args);
    const process = new Deno.Command(self.program, {
      args: [...self.args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const complaint = { text: "" };
    const drained = drain(process.stderr, complaint);
    const output = process.stdout.getReader();
    const ready = await readyHandle(process, output, clock);
    if (ready === undefined) {
      kill(process);
      await Promise.all([process.status, drained, output.cancel(), process.stdin.close().catch(() => {})]);
      await Deno.remove(directory, { recursive: true });
      throw new ProcessError(`Cannot start the embedded node: ${complaint.text.trim() || "it did not become ready"}`);
    }
    return new Child(ready, options, process, output, directory, drained);
  }

  /** Whether the node now knows the one at an address. @throws {ProcessError} If it does not answer in time. */
  async meet(url: string): Promise<boolean> {
    const answer = tryParseJson(await this.ask(`peer ${url}`));
    return isObject(answer) && answer.met === true;
  }

  /** Has the node do something; the line it answers. @throws {ProcessError} If it does not say so in time. */
  async ask(what: string): Promise<string> {
    const input = this.process.stdin.getWriter();
    try {
      await input.write(utf8(`${what}\n`));
    } catch (error) {
      throw new ProcessError(`Cannot ask a node to ${what}: ${error instanceof Error ? error.message : error}`);
    } finally {
      input.releaseLock();
    }
    const line = await answerLine(this.process, this.output, this.options.clock);
    if (line === undefined) throw new ProcessError(`Cannot ask a node to ${what}: it did not answer`);
    return line;
  }

  /** Another node with an empty log in the same process. @throws {ProcessError} If it does not become ready. */
  async fresh(directory: string): Promise<void> {
    const before = this.directory;
    await prepare(directory, this.options.seed);
    this.directory = directory;
    const input = this.process.stdin.getWriter();
    try {
      await input.write(utf8(`fresh ${directory}\n`));
    } catch (error) {
      throw new ProcessError(`Cannot start afresh: ${error instanceof Error ? error.message : error}`);
    } finally {
      input.releaseLock();
      await Deno.remove(before, { recursive: true }).catch(() => {});
    }
    const ready = await readyHandle(this.process, this.output, this.options.clock);
    if (ready === undefined) throw new ProcessError("Cannot start afresh: the node did not become ready");
    this.#handle = ready;
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#end();
  }

  async #end(): Promise<void> {
    const over = new AbortController();
    const late = this.options.clock.sleep(STOP_DEADLINE_MS, over.signal).then(() => kill(this.process))
      .catch(() => {});
    await this.process.stdin.close().catch(() => {});
    await this.process.status;
    over.abort();
    await late;
    await Promise.all([this.drained, this.output.cancel().catch(() => {})]);
    await Deno.remove(this.directory, { recursive: true }).catch(() => {});
  }
}

/** The keys that the seed gives, where a node looks for them. */
async function prepare(directory: string, seed: number, index = 0): Promise<void> {
  const { root, node: founder } = foundedIdentities(seed);
  const node = index === 0 ? founder : identityFromSeed(deriveBytes(seed, "community", "node", index));
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeFile(join(directory, "root.key"), root.seed, { mode: 0o600 });
  await Deno.writeFile(join(directory, "node.key"), node.seed, { mode: 0o600 });
}

/** Waits for the line that says a node is ready; undefined if none came in time, after which the process is killed. */
async function readyHandle(
  process: Deno.ChildProcess,
  output: ReadableStreamDefaultReader<Uint8Array>,
  clock: Clock,
): Promise<NodeHandle | undefined> {
  const ready = tryParseJson(await answerLine(process, output, clock) ?? "");
  if (!isObject(ready) || typeof ready.url !== "string") return undefined;
  return {
    endpoint: parseEndpoint(ready.url),
    nodeId: String(ready.node_id),
    communityId: String(ready.community_id),
  };
}

/** The next line of output; a process that says nothing in time is killed. */
async function answerLine(
  process: Deno.ChildProcess,
  output: ReadableStreamDefaultReader<Uint8Array>,
  clock: Clock,
): Promise<string | undefined> {
  const over = new AbortController();
  const late = clock.sleep(READY_DEADLINE_MS, over.signal).then(() => kill(process)).catch(() => {});
  const line = await firstLine(output);
  over.abort();
  await late;
  return line;
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
