/**
 * Walking an audit chain record by record, in constant memory. wire-format-experimental.md section 6, with the readings it
 * tolerates: first seq 1, genesis "" or null, the prefix `sha256:`, links over the record with its signature.
 */

import { AUDIT_GENESIS } from "./audit.ts";

/** What a walk needs of a record. Digests are SHA-256 in hex. */
export interface WalkedRecord {
  readonly seq: number;
  /** Of the record without its signature, and of the whole record. */
  readonly body: string;
  readonly whole: string;
  readonly prev: string | null;
  /** Whether the signature is one of the keeper or the actor. */
  readonly signed: boolean;
}

/** The record at which a walk stands. */
export interface WalkPosition {
  readonly seq: number;
  readonly body: string;
  readonly whole: string;
  /** What links cover, once a link has shown it. */
  readonly over: "body" | "whole" | null;
}

/** What is wrong with one record. */
export type WalkFault = "gap" | "signature" | "link";

const PREFIX = "sha256:";

/** See the module comment. */
export class AuditWalk {
  #at: WalkPosition | undefined;

  /** @param from Where an earlier walk ended; without it the walk begins at genesis. */
  constructor(from?: WalkPosition) {
    this.#at = from;
  }

  get position(): WalkPosition | undefined {
    return this.#at;
  }

  /** Takes the next record; the first thing wrong with it. The walk goes on from it in any case. */
  next(record: WalkedRecord): WalkFault | undefined {
    const before = this.#at;
    const { seq, body, whole, signed } = record;
    const prev = record.prev?.startsWith(PREFIX) === true ? record.prev.slice(PREFIX.length) : record.prev;
    const [linked, over] = this.#link(prev);
    this.#at = { seq, body, whole, over };
    const follows = before === undefined ? seq === 0 || seq === 1 : seq === before.seq + 1;
    if (!follows) return "gap";
    if (!signed) return "signature";
    return linked ? undefined : "link";
  }

  #link(prev: string | null): [linked: boolean, over: WalkPosition["over"]] {
    const before = this.#at;
    if (before === undefined) return [prev === AUDIT_GENESIS || prev === "" || prev === null, null];
    if (before.over !== "whole" && prev === before.body) return [true, "body"];
    if (before.over !== "body" && prev === before.whole) return [true, "whole"];
    return [false, before.over];
  }
}
