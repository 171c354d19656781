/** Numbers and decisions of the reference node: operability. Each names the source it follows. */

import type { EventEnvelope, Identity, JsonObject } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";

/** What a process may do as the last thing before it exits; only faulty rules do any of it. */
export interface ProcessEnd {
  /** Port the node listened on. */
  readonly port: number;
  /** Starts this program again with other arguments, as a child that outlives it. */
  spawnSelf(args: readonly string[]): void;
  /** Resolves when something accepts connections on the port again. */
  portTaken(): Promise<void>;
}

/** The emergency mode (M09; wire-format.md section 18). */
export type EmergencyState = "online" | "degraded" | "offline";

export interface OperabilityRules {
  /** Whether a signal ends the node. M12 §3.2: SIGTERM and SIGINT do. */
  readonly endsOn: (signal: string) => boolean;
  /** Exit code after a requested stop. M12 §6. */
  readonly exitCode: (end: ProcessEnd) => Promise<number> | number;
  /** Milliseconds the node goes on accepting connections after it was asked to stop. */
  readonly lingerMs: number;
  /** Longest time for what is running to end, in milliseconds; well within the grace period of containers. */
  readonly drainMs: number;
  /** Whether open long polls are answered when the node stops. X01 §8. */
  readonly endsPollsAtStop: boolean;
  /** Whether open streams get a terminal frame when the node stops. CONTRACT §5.3. */
  readonly endsStreamsAtStop: boolean;
  /** Code of that frame: the node is about to be unreachable. */
  readonly stoppingCode: string;
  /** Bytes of a complete answer written after the stop was asked for. CONTRACT §5.4. */
  readonly answerBytesAtStop: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Whether events of calls that are answered while the node stops are stored. */
  readonly storesWhileStopping: boolean;

  /** Looks at the data directory before anything is opened. @throws {Error} To refuse the start. */
  readonly claimsDirectory: (directory: string) => void;
  /** The identity to run with, given the kept one and whether the directory was used before. M01 §4. */
  readonly deviceIdentity: (kept: Identity, restarted: boolean) => Identity;
  /** When an event is committed. X02 §1: before it is acknowledged. */
  readonly commits: "each" | "at-close";
  /** What becomes of a stored event when the log is opened again; undefined: it stays; null: it is gone. */
  readonly reopened: ((event: EventEnvelope, freshId: () => string) => EventEnvelope | null) | undefined;
  /** Where the Lamport counter starts, from the head of the opened log. CONTRACT §7.3. */
  readonly lamportOnOpen: (head: number) => number;
  /** Whether the `client_id`s of earlier runs are known (CONTRACT §4.12), and the event ids (X02 §5.2). */
  readonly requestsKnownOnOpen: boolean;
  readonly idsKnownOnOpen: boolean;
  readonly blobsOnDisk: boolean;
  readonly corporaKept: boolean;
  /** Whether certificates of peers stay pinned over a restart. X01 §4.2. */
  readonly pinsOnDisk: boolean;

  /** Whether a start shows the certificate of the one before. X01 §4.1. */
  readonly certificateKept: boolean;

  /** Peers that count as online. */
  readonly nodesOnline: (core: NodeCore) => number;
  /** Open streams of a capability after one of so many has ended. */
  readonly streamsAfterEnd: (open: number) => number;
  /** The entry of a finished call as it is traced. */
  readonly tracedCall: (entry: JsonObject) => JsonObject;
  /** A log entry as a line without its end. X03 §3.3. */
  readonly logLine: (entry: JsonObject) => string;
  /** Whether lines about a call carry its trace id. X03 §3.3. */
  readonly logsTraceIds: boolean;

  /** Milliseconds between two looks at the internet (a choice), until a loss counts and until it is over (M09 §4). */
  readonly emergencyLookMs: number;
  readonly offlineAfterMs: number;
  readonly onlineAfterMs: number;
  /** The mode to enter from the one that was seen for long enough. */
  readonly entersMode: (current: EmergencyState, seen: EmergencyState) => EmergencyState;
  /** Whether an offline node advertises a capability with these params. M09 §5.2. */
  readonly advertisedOffline: (params: JsonObject) => boolean;
}

export const operabilityRules: OperabilityRules = {
  endsOn: () => true,
  exitCode: () => 0,
  lingerMs: 0,
  drainMs: 5_000,
  endsPollsAtStop: true,
  endsStreamsAtStop: true,
  stoppingCode: "partition",
  answerBytesAtStop: (bytes) => bytes,
  storesWhileStopping: true,

  claimsDirectory: () => {},
  deviceIdentity: (kept) => kept,
  commits: "each",
  reopened: undefined,
  lamportOnOpen: (head) => head,
  requestsKnownOnOpen: true,
  idsKnownOnOpen: true,
  blobsOnDisk: true,
  corporaKept: true,
  pinsOnDisk: true,
  certificateKept: true,

  nodesOnline: (core) => core.peers.count(),
  streamsAfterEnd: (open) => open - 1,
  tracedCall: (entry) => entry,
  logLine: (entry) => JSON.stringify(entry),
  logsTraceIds: true,

  emergencyLookMs: 2_000,
  offlineAfterMs: 30_000,
  onlineAfterMs: 10_000,
  entersMode: (_current, seen) => seen,
  advertisedOffline: (params) => params.requires_internet !== true,
};
