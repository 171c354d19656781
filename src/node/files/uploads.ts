/** Uploads that are under way or were broken off. CONTRACT §4.10; CONTRACT2 §4.22; M07 §5.2. */

import { cidOf, concat, fromBase64Tolerant, isObject, type Json } from "../../protocol/mod.ts";
import { type NodeCore, NodeError } from "../core.ts";
import type { Offer } from "./manifest.ts";

const MS_PER_SECOND = 1000;
/** Broken-off uploads remembered at once; the oldest is forgotten first. */
const MAX_UPLOADS = 256;

/** One offered blob on its way in. */
export interface Upload {
  readonly offer: Offer;
  /** Chunks this upload brought; removed again if it turns out bad or expires. */
  readonly brought: Set<string>;
  lastUsedMs: number;
}

/** A chunk as a client sends it, its bytes decoded. */
export interface SentChunk {
  readonly i: number;
  readonly cid: string;
  readonly bytes: Uint8Array;
}

const bad = (message: string) => new NodeError("bad_request", `Cannot take the chunk: ${message}`);

/** Reads a sent chunk. @throws {NodeError} `bad_request` if a member is missing or no base64. */
export function readChunk(value: Json | undefined): SentChunk {
  if (!isObject(value)) throw bad("it is no object");
  const { i, cid, data_b64: data } = value;
  if (typeof i !== "number" || !Number.isInteger(i)) throw bad("its index i is no integer");
  if (typeof cid !== "string") throw bad("its cid is missing");
  if (typeof data !== "string") throw bad("its data_b64 is missing");
  try {
    return { i, cid, bytes: fromBase64Tolerant(data) };
  } catch {
    throw bad("its data_b64 is no base64");
  }
}

/** All uploads of a node. */
export class Uploads {
  readonly #open = new Map<string, Upload>();
  constructor(private readonly core: NodeCore) {}

  /** The remembered upload of a manifest CID, unless it expired. */
  find(cid: string): Upload | undefined {
    this.#expire();
    return this.#open.get(cid);
  }

  /** Starts or continues the upload of an offer. */
  begin(offer: Offer): Upload {
    this.#expire();
    const upload = this.#open.get(offer.cid) ?? { offer, brought: new Set<string>(), lastUsedMs: 0 };
    upload.lastUsedMs = this.core.clock.mono();
    this.#open.delete(offer.cid);
    this.#open.set(offer.cid, upload);
    for (const cid of this.#open.keys()) {
      if (this.#open.size <= MAX_UPLOADS) break;
      this.abandon(cid);
    }
    return upload;
  }

  /** Indices whose chunks are not stored. */
  missing(offer: Offer): number[] {
    return offer.shape.chunks.flatMap(({ cid }, i) => this.core.blobs.hasChunk(cid) ? [] : [i]);
  }

  /** Checks a chunk against the manifest; nothing is stored. @throws {NodeError} `bad_request`. */
  check(upload: Upload, chunk: SentChunk): void {
    const { rules } = this.core;
    const entry = upload.offer.shape.chunks[chunk.i];
    if (entry === undefined) {
      if (rules.fileChecksIndex) throw bad(`index ${chunk.i} is outside the manifest`);
      return;
    }
    if (rules.fileChecksDeclaredCid && entry.cid !== chunk.cid) {
      throw bad(`${chunk.cid} is not the content id at index ${chunk.i}`);
    }
    if (rules.fileChecksLength && entry.size_bytes !== chunk.bytes.length) {
      throw bad(`chunk ${chunk.i} has ${chunk.bytes.length} bytes, not ${entry.size_bytes}`);
    }
    if (rules.fileVerifiesChunk && cidOf(chunk.bytes) !== chunk.cid) {
      if (rules.fileKeepsRefused) this.core.blobs.putChunkAs(chunk.cid, chunk.bytes);
      throw bad(`the bytes of chunk ${chunk.i} do not hash to ${chunk.cid}`);
    }
  }

  /** Stores a checked chunk. @throws {NodeError} If the budget is exceeded. */
  store(upload: Upload, chunk: SentChunk): void {
    if (this.core.blobs.hasChunk(chunk.cid)) return;
    this.core.blobs.putChunkAs(chunk.cid, chunk.bytes);
    upload.brought.add(chunk.cid);
    upload.lastUsedMs = this.core.clock.mono();
  }

  /** Makes the blob readable. The chunks belong to it from here on. */
  finish(upload: Upload): void {
    const { cid, shape } = upload.offer;
    const { blobs, rules } = this.core;
    const read = () => concat(shape.chunks.map((chunk) => blobs.chunk(chunk.cid) ?? new Uint8Array(0)));
    if (rules.fileKeepsManifest) blobs.addManifest(rules.fileFiledUnder(cid, read), shape);
    this.#open.delete(cid);
  }

  /** Forgets an upload and what it brought, except chunks that complete blobs or other uploads list. */
  abandon(cid: string): void {
    const upload = this.#open.get(cid);
    if (upload === undefined) return;
    this.#open.delete(cid);
    const wanted = new Set([...this.#open.values()].flatMap((u) => u.offer.shape.chunks.map((c) => c.cid)));
    for (const chunk of upload.brought) if (!wanted.has(chunk)) this.core.blobs.dropChunk(chunk);
  }

  #expire(): void {
    const oldest = this.core.clock.mono() - this.core.rules.fileResumeSeconds * MS_PER_SECOND;
    for (const [cid, upload] of this.#open) if (upload.lastUsedMs < oldest) this.abandon(cid);
  }
}
