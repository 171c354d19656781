/**
 * Faults and variants of the reference node. The node's own code knows nothing of them: it asks {@linkcode Rules} for
 * every number and decision, and everything it signs, sends or stores passes one of the seams here.
 */

import type { EventEnvelope, JsonObject } from "../protocol/mod.ts";
import type { Rules } from "./rules.ts";

/** A document about to be signed. */
export type DocumentKind =
  | "node-manifest"
  | "community-manifest"
  | "invite"
  | "event"
  | "token-header"
  | "token-payload";

/** An HTTP answer about to be written. Headers keep order and case; a body that is an object is written as JSON. */
export interface OutboundAnswer {
  /** Path of the route, without query. */
  readonly route: string;
  /** Name of the called capability, on the call endpoint. */
  readonly capability?: string;
  readonly request: { readonly method: string; readonly headers: ReadonlyMap<string, string>; readonly url: string };
  status: number;
  /** Version in the status line; default HTTP/1.1. */
  version?: string;
  headers: [name: string, value: string][];
  body: JsonObject | string | Uint8Array;
  /** What happens to the connection; `drop` writes nothing and closes it, `hang` writes nothing at all. */
  connection?: "keep" | "close" | "reset" | "drop" | "hang";
}

/** A stream frame about to be written. */
export interface OutboundFrame {
  readonly channel: "sse" | "websocket";
  readonly capability: string;
  /** Position in the stream from 0, terminal frame included. */
  readonly index: number;
  event: string;
  data: JsonObject;
  /** Replaces the complete wire text of the frame. */
  raw?: string;
}

/** A request the node is about to send to a peer. */
export interface OutboundRequest {
  readonly purpose: "call" | "manifest" | "heads" | "events";
  path: string;
  headers: [name: string, value: string][];
  body: JsonObject | undefined;
}

/** What a fault or variant may override. Each function returns the changed value; null means: do not send or store. */
export interface Overrides {
  readonly rules?: Partial<Rules>;
  /** Before signing. */
  readonly document?: (kind: DocumentKind, value: JsonObject) => JsonObject;
  /** After signing, before writing. */
  readonly outbound?: (answer: OutboundAnswer) => OutboundAnswer | null;
  /** Stream frames; several may be returned in place of one. */
  readonly frame?: (frame: OutboundFrame) => readonly OutboundFrame[];
  /** Calls and fetches towards peers. */
  readonly request?: (request: OutboundRequest) => OutboundRequest | null;
  /** Events on their way into the store, own and received. */
  readonly log?: (event: EventEnvelope) => EventEnvelope | null;
}

/** A deliberate mistake of the node: what a faulty implementation would plausibly do. */
export interface Fault extends Overrides {
  /**
   * Requirement ids this fault breaks, its own first; cases of all others must stay green under it. A last `"*"` says
   * that it breaks what nearly every case needs: any may fail.
   */
  readonly breaks: readonly [string, ...string[]];
}

/** Another sound reading of the documents: no case may fail on it. */
export interface Variant extends Overrides {
  /** What the other reading is, and the source that allows it. */
  readonly reading: string;
}

/** Declares faults by name and keeps the names as types. */
export function faults<const T extends Readonly<Record<string, Fault>>>(table: T): T {
  return table;
}

/** Declares variants by name and keeps the names as types. */
export function variants<const T extends Readonly<Record<string, Variant>>>(table: T): T {
  return table;
}

/** The seams of a node with all its overrides applied, in the order given. */
export class Seams {
  constructor(private readonly overrides: readonly Overrides[] = []) {}

  document<T extends JsonObject>(kind: DocumentKind, value: T): T {
    return this.overrides.reduce<JsonObject>((v, o) => o.document?.(kind, v) ?? v, value) as T;
  }

  outbound(answer: OutboundAnswer): OutboundAnswer | null {
    return this.#chain(answer, (o) => o.outbound);
  }

  frame(frame: OutboundFrame): readonly OutboundFrame[] {
    return this.overrides.reduce<readonly OutboundFrame[]>(
      (frames, o) => o.frame === undefined ? frames : frames.flatMap(o.frame),
      [frame],
    );
  }

  request(request: OutboundRequest): OutboundRequest | null {
    return this.#chain(request, (o) => o.request);
  }

  log(event: EventEnvelope): EventEnvelope | null {
    return this.#chain(event, (o) => o.log);
  }

  #chain<T>(value: T, pick: (o: Overrides) => ((value: T) => T | null) | undefined): T | null {
    let current: T | null = value;
    for (const override of this.overrides) {
      if (current === null) return null;
      const change = pick(override);
      if (change !== undefined) current = change(current);
    }
    return current;
  }
}
