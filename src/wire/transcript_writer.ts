/** Writes a transcript: JSON lines, zstd, one scope after the other in the order in which the scopes were opened. */

import { Buffer } from "node:buffer";
import { open, rename, rm } from "node:fs/promises";
import { once } from "node:events";
import { createZstdCompress } from "node:zlib";
import { createBLAKE3 } from "hash-wasm";
import { type JsonObject, utf8 } from "../protocol/mod.ts";
import { encodeRecord, TRANSCRIPT_SCHEMA, type TranscriptRecord, type TranscriptSink } from "./transcript.ts";

/** What a finished transcript is known by. */
export interface TranscriptDigest {
  /** CID over the uncompressed lines, header and line feeds included. */
  readonly digest: string;
  /** Uncompressed size in bytes. */
  readonly bytes: number;
  readonly records: number;
}

/** Takes the records of one scope. */
export interface TranscriptScope extends TranscriptSink {
  readonly name: string;
  /** Nothing more will come; the scope is written as soon as all scopes opened before it are. */
  end(): void;
}

/** Lines are handed to the compressor in pieces of about this many characters. */
const PIECE_LENGTH = 262_144;

/**
 * See the module comment. Whatever runs in parallel, opening scopes in a fixed order gives a fixed order in the file.
 * The file appears under its name only when {@linkcode TranscriptWriter.finish} is done.
 */
export class TranscriptWriter {
  readonly #path: string;
  readonly #partial: string;
  readonly #hasher: Awaited<ReturnType<typeof createBLAKE3>>;
  readonly #compressor = createZstdCompress();
  readonly #copied: Promise<void>;
  readonly #names = new Set<string>();
  #queue: BufferedScope[] = [];
  #tail: Promise<void> = Promise.resolve();
  #bytes = 0;
  #records = 0;

  private constructor(
    path: string,
    partial: string,
    file: Awaited<ReturnType<typeof open>>,
    hasher: Awaited<ReturnType<typeof createBLAKE3>>,
  ) {
    this.#path = path;
    this.#partial = partial;
    this.#hasher = hasher.init();
    this.#copied = (async () => {
      try {
        for await (const piece of this.#compressor) await file.write(piece as Uint8Array);
      } finally {
        await file.close();
      }
    })();
    // The rejection is reported by finish(); until then nobody listens.
    this.#copied.catch(() => {});
  }

  /** @param header Members of the header line besides `schema`: seed, time origin, target. */
  static async create(path: string, header: JsonObject): Promise<TranscriptWriter> {
    const partial = `${path}.partial`;
    const writer = new TranscriptWriter(path, partial, await open(partial, "w"), await createBLAKE3(256));
    writer.#write(`${JSON.stringify({ schema: TRANSCRIPT_SCHEMA, ...header })}\n`);
    return writer;
  }

  /**
   * Opens a scope.
   *
   * @throws {RangeError} If the name was used before.
   */
  scope(name: string): TranscriptScope {
    if (this.#names.has(name)) throw new RangeError(`Cannot open a scope twice: current value is ${name}`);
    this.#names.add(name);
    const scope = new BufferedScope(name, () => this.#flush());
    this.#queue.push(scope);
    return scope;
  }

  /** Ends what is still open, writes the rest and gives the file its name. */
  async finish(): Promise<TranscriptDigest> {
    for (const scope of [...this.#queue]) scope.end();
    await this.#tail;
    this.#compressor.end();
    await this.#copied;
    await rename(this.#partial, this.#path);
    return { digest: `blake3:${this.#hasher.digest("hex")}`, bytes: this.#bytes, records: this.#records };
  }

  /** Gives up; leaves no file behind. */
  async discard(): Promise<void> {
    this.#queue = [];
    await this.#tail;
    this.#compressor.end();
    await this.#copied;
    await rm(this.#partial, { force: true });
  }

  #flush(): void {
    while (this.#queue[0]?.ended) {
      const scope = this.#queue.shift() as BufferedScope;
      let text = "";
      for (const record of scope.records) {
        text += `${encodeRecord(record)}\n`;
        if (text.length < PIECE_LENGTH) continue;
        this.#write(text);
        text = "";
      }
      this.#records += scope.records.length;
      if (text !== "") this.#write(text);
      scope.records = [];
    }
  }

  #write(text: string): void {
    const bytes = utf8(text);
    this.#bytes += bytes.length;
    this.#hasher.update(bytes);
    this.#tail = this.#tail.then(async () => {
      if (!this.#compressor.write(Buffer.from(bytes.buffer))) await once(this.#compressor, "drain");
    });
  }
}

class BufferedScope implements TranscriptScope {
  records: TranscriptRecord[] = [];
  ended = false;

  constructor(readonly name: string, private readonly flush: () => void) {}

  record(record: TranscriptRecord): void {
    if (!this.ended) this.records.push(record);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.flush();
  }
}
