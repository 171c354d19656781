/** The records of one scope, sorted for a replay. */

import { concat, type Json } from "../protocol/mod.ts";
import type { TranscriptRecord } from "./transcript.ts";
import type { WireFailureKind } from "./network.ts";

/** How a read of the recorded connection ended. */
export interface RecordedRead {
  readonly kind: "in" | "eof" | "deadline" | "broken";
  readonly at: number;
  readonly bytes?: Uint8Array;
  readonly failure?: { readonly kind: WireFailureKind; readonly message: string };
  /** Bytes we had written before. */
  readonly written: number;
}

/** One recorded connection. */
export interface RecordedConnection {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly at: number;
  readonly failure?: { readonly kind: WireFailureKind; readonly message: string };
  readonly certificate?: { readonly fingerprint: string; readonly der: Uint8Array };
  readonly listener: number;
  /** All bytes we wrote. */
  readonly out: Uint8Array;
  readonly reads: readonly RecordedRead[];
  /** Writes that failed, by the number of bytes written until then. */
  readonly unsent: ReadonlyMap<number, { readonly kind: WireFailureKind; readonly message: string }>;
}

/** A recorded listener. */
export interface RecordedListener {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly at: number;
  readonly failure?: { readonly kind: WireFailureKind; readonly message: string };
}

/** A recorded observation. */
export interface RecordedFact {
  readonly at: number;
  readonly value?: Json;
  readonly failure?: { readonly message: string };
}

/** See the module comment. */
export interface ReplayIndex {
  readonly dialled: readonly RecordedConnection[];
  readonly accepted: readonly RecordedConnection[];
  readonly listeners: readonly RecordedListener[];
  /** By name and ordinal, see {@linkcode factKey}. */
  readonly facts: ReadonlyMap<string, RecordedFact>;
  /** Ends of sleeps by duration and ordinal, see {@linkcode factKey}. */
  readonly sleeps: ReadonlyMap<string, number>;
  /** Readings of the wall clock that differ from the one before, by ordinal. */
  readonly walls: readonly { readonly ordinal: number; readonly ms: number; readonly at: number }[];
  readonly beganWall: number;
}

/** Key of a fact or sleep. */
export function factKey(name: string | number, ordinal: number): string {
  return `${ordinal}:${name}`;
}

/** Sorts the records. Damaged ones lose what they lack; the replay then finds it unrecorded. */
export function indexScope(records: readonly TranscriptRecord[]): ReplayIndex {
  const builders = new Map<number, Builder>();
  const listeners: RecordedListener[] = [];
  const facts = new Map<string, RecordedFact>();
  const sleeps = new Map<string, number>();
  const walls: { ordinal: number; ms: number; at: number }[] = [];
  const certificates = new Map<string, Uint8Array>();
  let beganWall = 0;
  for (const record of records) {
    const { connection, direction, at, failure, ordinal = 0 } = record;
    switch (direction) {
      case "begin":
        beganWall = record.ms ?? 0;
        break;
      case "dial":
        if (record.fingerprint !== undefined && record.bytes !== undefined) {
          certificates.set(record.fingerprint, record.bytes);
        }
        builders.set(connection, new Builder(record));
        break;
      case "accept":
        builders.set(connection, new Builder(record));
        break;
      case "listen":
        listeners.push({
          id: connection,
          host: record.host ?? "",
          port: record.port ?? 0,
          at,
          ...(failure === undefined ? {} : { failure: wireFailure(failure) }),
        });
        break;
      case "fact":
        facts.set(factKey(record.name ?? "", ordinal), {
          at,
          ...(record.value === undefined ? {} : { value: record.value }),
          ...(failure === undefined ? {} : { failure }),
        });
        break;
      case "sleep":
        sleeps.set(factKey(record.ms ?? 0, ordinal), at);
        break;
      case "wall":
        walls.push({ ordinal, ms: record.ms ?? 0, at });
        break;
      default:
        builders.get(connection)?.add(record);
    }
  }
  const all = [...builders.values()].map((builder) => builder.build(certificates)).sort((a, b) => a.id - b.id);
  return {
    dialled: all.filter(({ listener }) => listener === 0),
    accepted: all.filter(({ listener }) => listener !== 0),
    listeners: listeners.sort((a, b) => a.id - b.id),
    facts,
    sleeps,
    walls,
    beganWall,
  };
}

function wireFailure(failure: NonNullable<TranscriptRecord["failure"]>): { kind: WireFailureKind; message: string } {
  return { kind: failure.kind === "error" ? "reset" : failure.kind, message: failure.message };
}

class Builder {
  readonly #out: Uint8Array[] = [];
  readonly #reads: RecordedRead[] = [];
  readonly #unsent = new Map<number, { kind: WireFailureKind; message: string }>();
  #written = 0;

  constructor(private readonly first: TranscriptRecord) {}

  add({ direction, bytes, at, failure }: TranscriptRecord): void {
    const written = this.#written;
    switch (direction) {
      case "out":
        if (bytes === undefined) return;
        this.#out.push(bytes);
        this.#written += bytes.length;
        break;
      case "unsent":
        if (failure !== undefined) this.#unsent.set(written, wireFailure(failure));
        break;
      case "in":
        if (bytes !== undefined) this.#reads.push({ kind: "in", at, bytes, written });
        break;
      case "broken":
        if (failure !== undefined) this.#reads.push({ kind: "broken", at, failure: wireFailure(failure), written });
        break;
      case "eof":
      case "deadline":
        this.#reads.push({ kind: direction, at, written });
    }
  }

  build(certificates: ReadonlyMap<string, Uint8Array>): RecordedConnection {
    const { connection, host = "", port = 0, at, failure, fingerprint, listener = 0 } = this.first;
    const der = fingerprint === undefined ? undefined : certificates.get(fingerprint);
    return {
      id: connection,
      host,
      port,
      at,
      listener,
      out: concat(this.#out),
      reads: this.#reads,
      unsent: this.#unsent,
      ...(failure === undefined ? {} : { failure: wireFailure(failure) }),
      ...(fingerprint === undefined || der === undefined ? {} : { certificate: { fingerprint, der } }),
    };
  }
}
