/**
 * A system under test (X09 §4.2). A target opens one {@linkcode Session} per case: a fresh node where it can make one,
 * a fresh namespace (new identities, client ids) where it cannot.
 */

import type { Identity, JsonObject } from "../protocol/mod.ts";
import type { Endpoint, Network } from "../wire/network.ts";
import type { ProxyRule } from "../wire/proxy.ts";
import type { Access } from "./access.ts";
import type { Dialect } from "./dialect.ts";

export type TargetKind = "embedded" | "endpoint" | "process" | "container" | "transcript";

/** What a target kind can do beyond answering. A word that is missing closes the gates that need it. */
export type Feature =
  /** A node of its own for each session. */
  | "fresh"
  /** Start, stop, kill, restart from the same data, provision. */
  | "managed"
  /** Peers hosted by the tester can be introduced. */
  | "peers"
  /** A sync with its peers on request. */
  | "gossip"
  /** A second node of the same community. */
  | "second-node"
  /** https on request. */
  | "tls-option"
  /** WebSocket support can be switched off. */
  | "websocket-option"
  /** No other peers. */
  | "isolated"
  | "backend-fault"
  | "disk-cap"
  | "network-control"
  | "log-access"
  | "clock"
  | "corruption-hook"
  | "corpus"
  | "conformance-suite";

/** What a case asks of the session it gets. */
export interface SessionNeeds {
  readonly tls?: boolean;
  /** Wall clock of node and tester moves; otherwise it stands at T0, so that learned timestamps repeat. */
  readonly movingClock?: boolean;
  /** The wall clock of the node alone moves: what the tester sends stays a function of the seed. */
  readonly nodeClockMoves?: boolean;
  /** State on disk, so that the node can be restarted. */
  readonly durable?: boolean;
}

/** Changes of the target's set-up that a case may ask for before it acts. */
export interface Provision {
  /** False: a node without WebSocket support (`websocket-option`). */
  readonly websocket?: boolean;
  /** Storage budget in bytes (`adapter:disk-cap`). */
  readonly diskBudgetBytes?: number;
  /** Misbehaviour of the model backend (`adapter:backend-fault`). */
  readonly backendFault?: "fail" | "hang" | "absent";
  /** Milliseconds after which a text generation is a timeout. */
  readonly generationDeadlineMs?: number;
  /** The node has a conformance suite and keeps this report of it. */
  readonly conformanceReport?: JsonObject;
}

/** A node as a session sees it. */
export interface NodeHandle {
  readonly endpoint: Endpoint;
  readonly nodeId: string;
  readonly communityId: string;
}

/** Signals a session may send to its node. */
export type NodeSignal = "SIGTERM" | "SIGINT" | "SIGKILL";

/** How a node came to its end after a signal. A type, not an interface, so that it can be a fact of the transcript. */
export type StopOutcome = {
  /** False: it still ran at the deadline and was killed. */
  readonly ended: boolean;
  /** Milliseconds from the signal to the end, or to the kill. */
  readonly ms: number;
  /** Exit code; null where a signal ended it or the target cannot tell. */
  readonly code: number | null;
  /** The signal that ended it; null where it exited by itself or the target cannot tell. */
  readonly signal: string | null;
  /** Processes of the node that were still there a moment after its end; null where the target cannot tell. */
  readonly leftovers: number | null;
};

/** How a start from existing data went; the node handle is renewed if it did. */
export type StartOutcome = {
  readonly started: boolean;
  /** Milliseconds until the node answered, or until it was given up. */
  readonly ms: number;
  /** What the node said when it did not start, else empty. */
  readonly why: string;
};

/** What a target does for one session; the session itself speaks the protocol. */
export interface SessionHost {
  readonly node: NodeHandle;
  /** Introduces a peer by base URL; resolves when the node has looked at it. */
  introduce?(baseUrl: string): Promise<void>;
  /** Makes the node sync with its peers now; resolves when the round is over. */
  gossip?(): Promise<void>;
  /** Replaces the node by one with other provisions; the node handle changes. */
  provision?(change: Provision): Promise<void>;
  /** A second node of the same community, peers of each other, gossiping on request. */
  secondNode?(): Promise<SessionHost>;
  /** What happens to requests between this node and the second one, where they pass through proxies of the tester. */
  shape?(rules: readonly ProxyRule[]): void;
  /** Stops with SIGTERM semantics or kills, and starts again from the same data. */
  restart?(how: "stop" | "kill"): Promise<void>;
  /** Sends a signal (embedded: the same end without one) and waits for the end; a node past the deadline is killed. */
  end?(signal: NodeSignal, deadlineMs: number): Promise<StopOutcome>;
  /** Starts the ended node again on the same data, and on the same port where the target chose it. */
  begin?(): Promise<StartOutcome>;
  /** Text of the newest log file, its last megabytes (`log-access`); empty if there is none yet. */
  logs?(): Promise<string>;
  /** Moves the node's clock by so many seconds (`clock`). */
  moveClock?(seconds: number): Promise<void>;
  /** Damages the stored audit chain of the ended node (`corruption-hook`). */
  corruptChain?(): Promise<void>;
  /** Cuts (true) or restores (false) what `network-control` covers: the second node, peers, and the internet. */
  partition?(cut: boolean): Promise<void>;
  close(): Promise<void>;
}

/** See the module comment. */
export interface Target {
  readonly kind: TargetKind;
  /** Where it answers; for embedded targets the name given on the command line. */
  readonly url: string;
  readonly dialect: Dialect;
  readonly access: Access;
  readonly features: ReadonlySet<Feature>;
  /** Opens what one case needs on the given network. */
  open(network: Network, needs: SessionNeeds): Promise<SessionHost>;
  stop(): Promise<void>;
}

/** The root key of the community an embedded or provisioned target founds for a seed. */
export interface FoundedCommunity {
  readonly root: Identity;
  readonly node: Identity;
}
