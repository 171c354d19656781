/** Chunks and manifests of blobs by content id. M07 §3; wire-format-experimental.md section 1. */

import { type BlobShape, canonicalBytes, cidOf, concat, isCid, isObject, parseJson } from "../../protocol/mod.ts";
import { type BlobStore, NodeError } from "../core.ts";
import type { Backing } from "./backing.ts";

/** What the store asks of its node. */
export interface StoreOptions {
  readonly chunks: Backing;
  readonly manifests: Backing;
  /** Storage budget in bytes; undefined: no bound. */
  readonly budgetBytes: number | undefined;
  readonly chunkSize: () => number;
  readonly manifestCid: (shape: BlobShape) => string;
  /** Error code of a write that exceeds the budget. */
  readonly fullCode: () => string;
  /** Told the bytes in use after each change. */
  readonly changed: (usedBytes: number) => void;
}

const HEX_OFFSET = "blake3:".length;
/** Names of files are the hex digits alone, checked to be nothing else. */
const nameOf = (cid: string) => cid.slice(HEX_OFFSET);

/** A blob store over two backings. */
export class Store implements BlobStore {
  readonly #sizes = new Map<string, number>();
  readonly #blobs = new Map<string, BlobShape>();
  /** How many complete blobs list a chunk. */
  readonly #references = new Map<string, number>();
  #used = 0;

  constructor(private readonly options: StoreOptions) {
    for (const [name, size] of options.chunks.entries()) this.#note(`blake3:${name}`, size);
    for (const [name] of options.manifests.entries()) {
      const shape = readShape(options.manifests.get(name));
      if (shape !== undefined && this.#complete(shape)) this.#index(`blake3:${name}`, shape);
    }
    options.changed(this.#used);
  }

  putChunk(bytes: Uint8Array): string {
    const cid = cidOf(bytes);
    this.putChunkAs(cid, bytes);
    return cid;
  }

  putChunkAs(cid: string, bytes: Uint8Array): void {
    if (!isCid(cid)) throw new NodeError("bad_request", `Cannot store a chunk: current CID is ${cid}`);
    if (this.#sizes.has(cid)) return;
    if (!this.hasRoom(bytes.length)) {
      throw new NodeError(
        this.options.fullCode(),
        `Cannot store ${bytes.length} bytes: ${this.#used} of ${this.options.budgetBytes} are in use`,
      );
    }
    this.options.chunks.set(nameOf(cid), bytes);
    this.#note(cid, bytes.length);
    this.options.changed(this.#used);
  }

  chunk(cid: string): Uint8Array | undefined {
    return this.#sizes.has(cid) ? this.options.chunks.get(nameOf(cid)) : undefined;
  }

  hasChunk(cid: string): boolean {
    return this.#sizes.has(cid);
  }

  putBlob(bytes: Uint8Array): string {
    const size = this.options.chunkSize();
    const chunks: { cid: string; size_bytes: number }[] = [];
    // An empty blob has one empty chunk (core-files.yaml, conflict "zero-length blob").
    for (let at = 0; at < bytes.length || at === 0; at += size) {
      const part = bytes.subarray(at, at + size);
      chunks.push({ cid: this.putChunk(part), size_bytes: part.length });
    }
    const shape = { size_bytes: bytes.length, chunk_size_bytes: size, chunks };
    const cid = this.options.manifestCid(shape);
    this.addManifest(cid, shape);
    return cid;
  }

  addManifest(cid: string, shape: BlobShape): void {
    if (this.#blobs.has(cid)) return;
    this.options.manifests.set(nameOf(cid), canonicalBytes(shape as never));
    this.#index(cid, shape);
  }

  blob(cid: string): BlobShape | undefined {
    return this.#blobs.get(cid);
  }

  read(cid: string): Uint8Array | undefined {
    const shape = this.#blobs.get(cid);
    if (shape === undefined) return undefined;
    const parts: Uint8Array[] = [];
    for (const chunk of shape.chunks) {
      const bytes = this.chunk(chunk.cid);
      if (bytes === undefined) return undefined;
      parts.push(bytes);
    }
    return concat(parts);
  }

  dropChunk(cid: string): void {
    const size = this.#sizes.get(cid);
    if (size === undefined || this.#references.has(cid)) return;
    this.options.chunks.delete(nameOf(cid));
    this.#sizes.delete(cid);
    this.#used -= size;
    this.options.changed(this.#used);
  }

  usedBytes(): number {
    return this.#used;
  }

  hasRoom(bytes: number): boolean {
    return this.options.budgetBytes === undefined || this.#used + bytes <= this.options.budgetBytes;
  }

  list(): readonly string[] {
    return [...this.#blobs.keys()].sort();
  }

  #note(cid: string, size: number): void {
    this.#sizes.set(cid, size);
    this.#used += size;
  }

  #complete(shape: BlobShape): boolean {
    return shape.chunks.every(({ cid }) => this.#sizes.has(cid));
  }

  #index(cid: string, shape: BlobShape): void {
    this.#blobs.set(cid, shape);
    for (const chunk of shape.chunks) this.#references.set(chunk.cid, (this.#references.get(chunk.cid) ?? 0) + 1);
  }
}

/** A manifest file of our own writing, or undefined if it is damaged. */
function readShape(bytes: Uint8Array | undefined): BlobShape | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value = parseJson(bytes);
    return isObject(value) && Array.isArray(value.chunks) ? value as unknown as BlobShape : undefined;
  } catch {
    return undefined;
  }
}
