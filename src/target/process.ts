/**
 * A process the tester starts, signals and restarts: `exec:"COMMAND {port} {data}"`. Placeholders: `{port}` a free
 * port, `{data}` a directory of its own that holds `root.key` and `node.key` (raw 32-byte seeds), `{root_key}` and
 * `{node_key}` their paths. Sessions share one process; a case that restarts the node gets its own.
 */

import { type Endpoint, type Network, request, systemClock } from "../wire/mod.ts";
import { type Identity, isNodeId, isObject, Random, tryParseJson } from "../protocol/mod.ts";
import { type Access, foundedIdentities } from "./access.ts";
import type { Adapter } from "./adapter.ts";
import type { Dialect } from "./dialect.ts";
import type { Feature, NodeHandle, SessionHost, SessionNeeds, Target } from "./target.ts";

export interface ProcessOptions {
  readonly command: string;
  readonly seed: number;
  readonly dialect: Dialect;
  readonly adapter: Adapter;
}

/** Time a process has to answer `GET /manifest`, and to end after SIGTERM, in milliseconds. */
const READY_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;
/** Time between two looks at a starting process, in milliseconds. */
const READY_EVERY_MS = 50;
/** How much of the process's last output an error quotes, in characters. */
const QUOTED_OUTPUT = 300;

/** The process did not come up; nothing is claimed about the target. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
}

/** Splits a command line at spaces; single and double quotes group. */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:"([^"]*)"|'([^']*)'|(\S+))/gy;
  for (const match of text.trim().matchAll(pattern)) words.push(match[1] ?? match[2] ?? match[3] ?? "");
  return words;
}

/** Below the range systems take ephemeral ports from, so that nobody gets ours between looking and starting. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** Ports that were given out already: a process that is starting does not listen yet. */
const given = new Set<number>();

/** A port nobody listens on; different processes look in different places. */
function freePort(seed: number): number {
  const random = new Random(seed, "port", Deno.pid, given.size);
  for (;;) {
    const port = FIRST_PORT + random.below(PORTS);
    if (given.has(port) && given.size < PORTS / 2) continue;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      given.add(port);
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** A running process and its place on disk. */
class ManagedProcess {
  #child: Deno.ChildProcess | undefined;
  #output = "";
  #reading: Promise<void> = Promise.resolve();

  private constructor(
    private readonly options: ProcessOptions,
    readonly directory: string,
    readonly port: number,
  ) {}

  static async create(options: ProcessOptions): Promise<ManagedProcess> {
    const directory = await Deno.makeTempDir({ prefix: "hearthproof-target-" });
    const { root, node } = foundedIdentities(options.seed);
    const write = (name: string, identity: Identity) =>
      Deno.writeFile(`${directory}/${name}`, identity.seed, { mode: 0o600 });
    await write("root.key", root);
    await write("node.key", node);
    return new ManagedProcess(options, directory, freePort(options.seed));
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<NodeHandle> {
    const values: Readonly<Record<string, string>> = {
      "{port}": String(this.port),
      "{data}": this.directory,
      "{root_key}": `${this.directory}/root.key`,
      "{node_key}": `${this.directory}/node.key`,
    };
    const words = splitCommand(this.options.command).map((word) =>
      word.replace(/\{(port|data|root_key|node_key)\}/g, (name) => values[name] ?? name)
    );
    const [program, ...args] = words;
    if (program === undefined) throw new ProcessError("Cannot start the target: the command is empty");
    try {
      this.#child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
    } catch (error) {
      throw new ProcessError(`Cannot start ${program}: ${error instanceof Error ? error.message : error}`);
    }
    this.#reading = Promise.all([this.#drain(this.#child.stdout), this.#drain(this.#child.stderr)]).then(() => {});
    return await this.#ready(this.#child);
  }

  /** SIGTERM and wait, or SIGKILL. Returns the exit code, null if a signal ended it. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    const clock = systemClock();
    const over = new AbortController();
    try {
      child.kill(signal);
    } catch {
      // It had ended already.
    }
    const late = clock.sleep(STOP_DEADLINE_MS, over.signal).then(() => child.kill("SIGKILL")).catch(() => {});
    const status = await child.status;
    over.abort();
    await late;
    await child.stdin.close().catch(() => {});
    await this.#reading;
    return status.signal === null ? status.code : null;
  }

  async remove(): Promise<void> {
    await this.stop();
    await Deno.remove(this.directory, { recursive: true });
  }

  async #drain(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output = (this.#output + decoder.decode(chunk, { stream: true })).slice(-QUOTED_OUTPUT);
    }
  }

  async #ready(child: Deno.ChildProcess): Promise<NodeHandle> {
    const clock = systemClock();
    const { LiveNetwork, nullSink } = await import("../wire/mod.ts");
    const network = new LiveNetwork({ scope: "start", sink: nullSink, clock });
    const end = clock.mono() + READY_DEADLINE_MS;
    let ended: Deno.CommandStatus | undefined;
    child.status.then((status) => ended = status);
    for (;;) {
      for (const scheme of ["http", "https"] as const) {
        const endpoint: Endpoint = { scheme, host: "127.0.0.1", port: this.port };
        const answer = await request(network, endpoint, { method: "GET", path: "/manifest", headers: [] }, {
          deadlineMs: 2000,
        });
        const manifest = tryParseJson(answer.body);
        // Somebody else may hold the port while ours has failed to get it.
        const ours = ended === undefined;
        if (ours && isObject(manifest) && isNodeId(manifest.node_id) && isNodeId(manifest.community_id)) {
          return { endpoint, nodeId: manifest.node_id, communityId: manifest.community_id };
        }
      }
      if (ended !== undefined) {
        throw new ProcessError(`The target ended with code ${ended.code} before it answered: ${this.#output.trim()}`);
      }
      if (clock.mono() > end) {
        await this.stop("SIGKILL");
        throw new ProcessError(
          `The target did not answer GET /manifest on port ${this.port} within ${
            READY_DEADLINE_MS / 1000
          } s: ${this.#output.trim()}`,
        );
      }
      await clock.sleep(READY_EVERY_MS);
    }
  }
}

const FEATURES: readonly Feature[] = ["managed", "isolated"];

/** See the module comment. */
export class ProcessTarget implements Target {
  readonly kind = "process";
  readonly features: ReadonlySet<Feature> = new Set(FEATURES);
  readonly access: Access;
  #shared: Promise<{ readonly process: ManagedProcess; readonly handle: NodeHandle }> | undefined;

  constructor(private readonly options: ProcessOptions) {
    const { root, node } = foundedIdentities(options.seed);
    this.access = { root, sut: node, allowWrites: true, disposable: true };
  }

  get url(): string {
    return `exec:${this.options.command}`;
  }

  get dialect(): Dialect {
    return this.options.dialect;
  }

  async open(network: Network, needs: SessionNeeds): Promise<SessionHost> {
    if (needs.durable === true) return await this.#own(network);
    const fact = await network.fact("node", async () => {
      this.#shared ??= this.#launch();
      return factOf((await this.#shared).handle);
    });
    return { node: handleOf(fact), close: () => Promise.resolve() };
  }

  async stop(): Promise<void> {
    const shared = await this.#shared?.catch(() => undefined);
    await shared?.process.remove();
    this.#shared = undefined;
  }

  async #launch() {
    const process = await ManagedProcess.create(this.options);
    try {
      return { process, handle: await process.start() };
    } catch (error) {
      await process.remove();
      throw error;
    }
  }

  async #own(network: Network): Promise<SessionHost> {
    let process: ManagedProcess | undefined;
    const start = async () => {
      process ??= await ManagedProcess.create(this.options);
      return factOf(await process.start());
    };
    const host = { handle: handleOf(await network.fact("node", start)) };
    return {
      get node() {
        return host.handle;
      },
      async restart(how) {
        await network.fact(`restart ${how}`, async () => {
          return await process?.stop(how === "kill" ? "SIGKILL" : "SIGTERM") ?? null;
        });
        host.handle = handleOf(await network.fact("node", start));
      },
      async close() {
        await process?.remove();
      },
    };
  }
}

type HandleFact = { [member: string]: string | number };

function factOf({ endpoint, nodeId, communityId }: NodeHandle): HandleFact {
  return {
    scheme: endpoint.scheme,
    host: endpoint.host,
    port: endpoint.port,
    node_id: nodeId,
    community_id: communityId,
  };
}

function handleOf(fact: HandleFact): NodeHandle {
  const scheme = fact.scheme === "https" ? "https" : "http";
  return {
    endpoint: { scheme, host: String(fact.host), port: Number(fact.port) },
    nodeId: String(fact.node_id),
    communityId: String(fact.community_id),
  };
}
