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
import { newestLog } from "./log_files.ts";
import { groupLeft, killGroup } from "./process_group.ts";
import type {
  Feature,
  NodeHandle,
  NodeSignal,
  SessionHost,
  SessionNeeds,
  StartOutcome,
  StopOutcome,
  Target,
} from "./target.ts";

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

/** The end of a node that did not run. */
const NOTHING_RAN: StopOutcome = { ended: true, ms: 0, code: null, signal: null, leftovers: null };

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
  /** Ended, and not yet let go of. */
  #ended: Deno.ChildProcess | undefined;

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
    this.#output = "";
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
      // A group of its own: what the target leaves behind can be found and ended with it.
      this.#child = new Deno.Command(program, {
        args,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        detached: true,
      }).spawn();
    } catch (error) {
      throw new ProcessError(`Cannot start ${program}: ${error instanceof Error ? error.message : error}`);
    }
    this.#reading = Promise.all([this.#drain(this.#child.stdout), this.#drain(this.#child.stderr)]).then(() => {});
    return await this.#ready(this.#child);
  }

  /** Ends the process; one that still runs at the deadline is killed. What it left behind is ended as well. */
  async end(signal: NodeSignal, deadlineMs: number): Promise<StopOutcome> {
    const child = this.#child;
    if (child === undefined) return NOTHING_RAN;
    this.#child = undefined;
    const clock = systemClock();
    const over = new AbortController();
    const began = clock.mono();
    let ended = true;
    try {
      child.kill(signal);
    } catch {
      // It had ended already.
    }
    const late = clock.sleep(deadlineMs, over.signal).then(() => {
      ended = false;
      child.kill("SIGKILL");
    }).catch(() => {});
    const status = await child.status;
    const ms = Math.round(clock.mono() - began);
    over.abort();
    await late;
    const leftovers = await groupLeft(child.pid, clock);
    this.#ended = child;
    return { ended, ms, code: status.signal === null ? status.code : null, signal: status.signal, leftovers };
  }

  /** Lets go of an ended process: closes its input, ends what it left behind, reads its output to the end. */
  async release(): Promise<void> {
    const ended = this.#ended;
    if (ended === undefined) return;
    this.#ended = undefined;
    await ended.stdin.close().catch(() => {});
    killGroup(ended.pid);
    await this.#reading;
  }

  /** SIGTERM and wait, or SIGKILL. Returns the exit code, null if a signal ended it. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | null> {
    const { code } = await this.end(signal, STOP_DEADLINE_MS);
    await this.release();
    return code;
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
  readonly features: ReadonlySet<Feature>;
  readonly access: Access;
  #shared: Promise<{ readonly process: ManagedProcess; readonly handle: NodeHandle }> | undefined;

  constructor(private readonly options: ProcessOptions) {
    const { root, node } = foundedIdentities(options.seed);
    this.access = { root, sut: node, allowWrites: true, disposable: true };
    const logs = options.adapter.logFiles.length > 0;
    this.features = new Set<Feature>([...FEATURES, ...logs ? ["log-access" as const] : []]);
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

  #logFiles(process: ManagedProcess | undefined): string[] {
    return this.options.adapter.logFiles.map((path) => path.replaceAll("{data}", process?.directory ?? ""));
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
      async end(signal, deadlineMs) {
        return await process?.end(signal, deadlineMs) ?? NOTHING_RAN;
      },
      async begin() {
        const outcome = await network.fact("begin", () => started(start));
        if (outcome.handle !== null) host.handle = handleOf(outcome.handle);
        return outcome.start;
      },
      logs: () => newestLog(this.#logFiles(process)),
      async close() {
        await process?.remove();
      },
    };
  }
}

/** Starts and measures; a node that does not come up is an outcome, not an error. */
async function started(
  start: () => Promise<HandleFact>,
): Promise<{ readonly start: StartOutcome; readonly handle: HandleFact | null }> {
  const clock = systemClock();
  const began = clock.mono();
  const outcome = (why: string): StartOutcome => ({
    started: why === "",
    ms: Math.round(clock.mono() - began),
    why,
  });
  try {
    return { handle: await start(), start: outcome("") };
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    return { handle: null, start: outcome(error.message) };
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
