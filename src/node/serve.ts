/** The library part of `hearthproof node`: key files, a running node, and the line that says so. */

import { dirname, join } from "node:path";
import { type Clock, type Identity, identityFromSeed, Random } from "../protocol/mod.ts";
import { defaultNodeOptions, ReferenceNode } from "./node.ts";
import { nodeWith } from "./with.ts";

/** Options of the command, parsed. */
export interface ServeOptions {
  readonly clock: Clock;
  /** 0: any free port. */
  readonly port: number;
  readonly host?: string;
  /** Holds keys and state; made if it is not there. */
  readonly data: string;
  readonly tls?: boolean;
  readonly faults?: readonly string[];
  readonly variants?: readonly string[];
  /** Base URLs. */
  readonly peers?: readonly string[];
  /** Decides the keys of a new data directory and all randomness. */
  readonly seed?: number;
  /** Seeds of the keys of a new data directory, instead of those that `seed` gives. */
  readonly keys?: { readonly root: Uint8Array; readonly node: Uint8Array };
  readonly communityName?: string;
  readonly diskBudgetBytes?: number;
  readonly backendFault?: "fail" | "hang" | "absent";
  readonly tokenDelayMs?: number;
  /** Serves the civil-defence profile. */
  readonly civilDefence?: boolean;
}

/** The one line of JSON that says the node is ready. */
export interface ReadyLine {
  readonly url: string;
  readonly node_id: string;
  readonly community_id: string;
  /** Paths of the key files. */
  readonly root_key: string;
  readonly node_key: string;
  readonly pid: number;
}

export interface ServedNode {
  readonly node: ReferenceNode;
  readonly ready: ReadyLine;
}

const ROOT_KEY_FILE = "root.key";
const NODE_KEY_FILE = "node.key";
const KEY_BYTES = 32;
/** Readable by the owner alone. */
const KEY_MODE = 0o600;

/**
 * Starts a node on its data directory. Peers that cannot be reached are tried again by the node itself.
 *
 * @throws {RangeError} If a fault or variant is unknown, or a key file does not hold 32 bytes.
 * @throws {Error} If the directory cannot be used or the port cannot be bound.
 */
export async function serveNode(options: ServeOptions): Promise<ServedNode> {
  const behaviour = nodeWith(options.faults ?? [], options.variants ?? []);
  await Deno.mkdir(options.data, { recursive: true });
  const base = defaultNodeOptions({
    clock: options.clock,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  });
  const seeded = options.seed !== undefined;
  const rootKey = join(options.data, ROOT_KEY_FILE);
  const nodeKey = join(options.data, NODE_KEY_FILE);
  const root = await keyFile(rootKey, options.keys?.root ?? (seeded ? base.root.seed : undefined));
  const identity = await keyFile(nodeKey, options.keys?.node ?? (seeded ? base.identity.seed : undefined));
  const node = await ReferenceNode.start({
    ...base,
    ...behaviour,
    root,
    identity,
    random: seeded ? base.random : new Random(crypto.randomUUID()),
    dataDirectory: options.data,
    host: options.host ?? base.host,
    port: options.port,
    tls: options.tls ?? false,
    peers: options.peers ?? [],
    communityName: options.communityName ?? base.communityName,
    tokenDelayMs: options.tokenDelayMs ?? base.tokenDelayMs,
    ...(options.diskBudgetBytes === undefined ? {} : { diskBudgetBytes: options.diskBudgetBytes }),
    ...(options.civilDefence === undefined ? {} : { civilDefence: options.civilDefence }),
    ...(options.backendFault === undefined ? {} : { backendFault: options.backendFault }),
  });
  const ready = {
    url: node.url,
    node_id: node.nodeId,
    community_id: node.communityId,
    root_key: await Deno.realPath(rootKey),
    node_key: await Deno.realPath(nodeKey),
    pid: Deno.pid,
  };
  return { node, ready };
}

/** The identity of a key file, which is made on the first start from `seed` or from chance. */
async function keyFile(path: string, seed: Uint8Array | undefined): Promise<Identity> {
  const existing = await readIfThere(path);
  if (existing !== undefined) {
    if (existing.length !== KEY_BYTES) {
      throw new RangeError(`Cannot read the key ${path}: current length is ${existing.length} bytes`);
    }
    return identityFromSeed(existing);
  }
  const bytes = seed ?? crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  // Written beside and moved, so that a killed start leaves no half of a key.
  const temporary = await Deno.makeTempFile({ dir: dirname(path), prefix: "key-" });
  await Deno.writeFile(temporary, bytes, { mode: KEY_MODE });
  await Deno.chmod(temporary, KEY_MODE);
  await Deno.rename(temporary, path);
  return identityFromSeed(bytes);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Resolves when the input has ended: a child node lives as long as its parent holds the other end. */
export async function inputEnded(input: ReadableStream<Uint8Array>): Promise<void> {
  const reader = input.getReader();
  while (!(await reader.read()).done);
}
