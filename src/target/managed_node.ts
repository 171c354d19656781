/** A node the tester starts, signals and restarts, whatever it runs in: a process or a container. */

import { join } from "node:path";
import { type Endpoint, LiveNetwork, nullSink, request } from "../wire/mod.ts";
import { type Clock, isNodeId, isObject, Random, tryParseJson } from "../protocol/mod.ts";
import { foundedIdentities } from "./access.ts";
import { type Exit, ProcessError } from "./running_child.ts";
import type { NodeHandle } from "./target.ts";

/** See the module comment. Its port, its data and its keys stay the same from start to start. */
export interface ManagedNode {
  /** Its main process as this machine numbers it; undefined while it does not run or where it cannot be told. */
  readonly pid: number | undefined;
  /**
   * Starts it, or starts it again; resolves when it answers.
   *
   * @throws {ProcessError} If it ends before it answers, or does not answer in time; then it does not run.
   */
  start(): Promise<NodeHandle>;
  signal(signal: Deno.Signal): Promise<void>;
  /** How it ended; undefined if it still runs after `deadlineMs`. One that was never started has ended. */
  wait(deadlineMs: number): Promise<Exit | undefined>;
  /** Number of its processes that outlive its end by more than a moment; null where that cannot be told. */
  leftovers(): Promise<number | null>;
  /** Ends what its end left behind, as far as the tester can find it. */
  release(): Promise<void>;
  /** Text of the newest of the log files an adapter names, its last megabytes; empty if there is none. */
  logs(): Promise<string>;
  /** Memory of all its processes in bytes, without what the system can drop; absent where only the pid can tell. */
  memoryBytes?(): Promise<number | undefined>;
  /** Ends it and takes away everything that was made for it. */
  remove(): Promise<void>;
}

/** Names of the key files. */
export const ROOT_KEY_FILE = "root.key";
export const NODE_KEY_FILE = "node.key";

/** Time a node has to answer `GET /manifest` unless the operator says otherwise, in milliseconds. */
export const READY_DEADLINE_MS = 30_000;
/** Time a node has to end after SIGTERM, and to be gone after SIGKILL, in milliseconds. */
export const STOP_DEADLINE_MS = 10_000;
/** Time between two looks at a starting node, and for one look, in milliseconds. */
const READY_EVERY_MS = 50;
const LOOK_DEADLINE_MS = 2000;

/** Below the range systems take ephemeral ports from, so that nobody gets ours between looking and starting. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** Ports that were given out already: a node that is starting does not listen yet. */
const given = new Set<number>();

/** A port of 127.0.0.1 nobody listens on; different processes look in different places. */
export function freePort(seed: number): number {
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

/** Splits a command line at spaces; single and double quotes group. */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:"([^"]*)"|'([^']*)'|(\S+))/gy;
  for (const match of text.trim().matchAll(pattern)) words.push(match[1] ?? match[2] ?? match[3] ?? "");
  return words;
}

/**
 * Writes the keys a node founds its community with into a folder: `root.key` and `node.key`, raw 32-byte Ed25519 seeds
 * readable by the owner alone.
 */
export async function writeKeys(folder: string, seed: number): Promise<void> {
  const { root, node } = foundedIdentities(seed);
  await Deno.writeFile(join(folder, ROOT_KEY_FILE), root.seed, { mode: 0o600 });
  await Deno.writeFile(join(folder, NODE_KEY_FILE), node.seed, { mode: 0o600 });
}

/** Puts values in the place of `{name}`; a name that is not known stays as it is. */
export function filled(words: readonly string[], values: Readonly<Record<string, string>>): string[] {
  return words.map((word) => word.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole));
}

/** What a starting node looks like from outside. */
export interface Starting {
  readonly port: number;
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal?: AbortSignal;
  /** How it ended; undefined while it runs. */
  ended(): Exit | undefined;
  /** The end of its output. */
  lastWords(): string;
}

/**
 * Waits until a node answers `GET /manifest` with its identities, by http or https.
 *
 * @throws {ProcessError} If it ends first, does not answer in time, or the tester is interrupted.
 */
export async function untilReady(starting: Starting): Promise<NodeHandle> {
  const { port, clock, deadlineMs, signal } = starting;
  const network = new LiveNetwork({ scope: "start", sink: nullSink, clock });
  const end = clock.mono() + deadlineMs;
  try {
    for (;;) {
      for (const scheme of ["http", "https"] as const) {
        const handle = await lookAt(network, { scheme, host: "127.0.0.1", port });
        // Somebody else may hold the port while ours has failed to get it.
        if (handle !== undefined && starting.ended() === undefined) return handle;
      }
      const ended = starting.ended();
      const said = starting.lastWords() || "it wrote nothing";
      if (ended !== undefined) {
        throw new ProcessError(`The target ended with ${howItEnded(ended)} before it answered: ${said}`);
      }
      if (signal?.aborted === true) throw new ProcessError("Cannot start the target: interrupted before it answered");
      if (clock.mono() > end) {
        throw new ProcessError(
          `The target did not answer GET /manifest on port ${port} within ${deadlineMs / 1000} s ` +
            `(--start-deadline gives it longer): ${said}`,
        );
      }
      await clock.sleep(READY_EVERY_MS);
    }
  } finally {
    network.close();
  }
}

async function lookAt(network: LiveNetwork, endpoint: Endpoint): Promise<NodeHandle | undefined> {
  const look = { method: "GET", path: "/manifest", headers: [] };
  const answer = await request(network, endpoint, look, { deadlineMs: LOOK_DEADLINE_MS });
  const manifest = tryParseJson(answer.body);
  return isObject(manifest) && isNodeId(manifest.node_id) && isNodeId(manifest.community_id)
    ? { endpoint, nodeId: manifest.node_id, communityId: manifest.community_id }
    : undefined;
}

/** `code 1` or `signal SIGKILL`. */
export function howItEnded({ code, signal }: Exit): string {
  return signal === null ? `code ${code}` : `signal ${signal}`;
}

/** A node's end after a signal. */
export interface Ending extends Exit {
  /** False: it was killed because it still ran at the deadline. */
  readonly byItself: boolean;
}

/**
 * Sends a signal and waits for the end; a node that still runs at the deadline is killed.
 *
 * @throws {ProcessError} If even that does not end it.
 */
export async function endNode(node: ManagedNode, signal: Deno.Signal, deadlineMs = STOP_DEADLINE_MS): Promise<Ending> {
  await node.signal(signal);
  const exit = await node.wait(deadlineMs);
  if (exit !== undefined) return { ...exit, byItself: true };
  await node.signal("SIGKILL");
  const killed = await node.wait(STOP_DEADLINE_MS);
  if (killed === undefined) throw new ProcessError("Cannot end the target: it still runs after SIGKILL");
  return { ...killed, byItself: false };
}
