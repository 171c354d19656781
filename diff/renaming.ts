/** The one-to-one correspondence of names over a whole run. Compact: a pair takes two slots of 16 bytes in two tables. */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { concat, utf8 } from "../src/protocol/mod.ts";

/** What became of offering a pair. */
export type Correspondence =
  | "new"
  | "known"
  /** The left name already stands for another one on the right, or the other way round. */
  | { readonly clash: "left" | "right" };

/** A pair that shows in the report. */
export interface ShownPair {
  readonly left: string;
  readonly right: string;
}

/** Names are told apart by 64 bits: among a million of them two collide with a chance of 3 in 10^8. */
const FNV_OFFSET_A = 0x811c9dc5;
const FNV_OFFSET_B = 0x9dc5811c;
const FNV_PRIME = 0x01000193;
const MIX = 0x85ebca6b;
const FIRST_CAPACITY = 1024;
/** Slots in use before a table doubles. */
const MAX_LOAD = 0.7;
/** Renamed pairs whose text is kept for the report. */
const MAX_SHOWN = 200;
/** Pairs in memory before further ones go to disk: 2^20 take 64 MiB at most. */
const MAX_IN_MEMORY = 1_048_576;
/** Lookups kept in one transaction of the spill. */
const SPILL_BATCH = 4096;

/** Open addressing over four 32-bit columns: key (two) and value (two). A key of zeros is stored as ones. */
class Table {
  #slots = new Uint32Array(FIRST_CAPACITY * 4);
  #capacity = FIRST_CAPACITY;
  size = 0;

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** The value pair of a key as [high, low] in `out`; false if it is not there. */
  get(high: number, low: number, out: Uint32Array): boolean {
    const at = this.#find(high, low);
    if (this.#slots[at] === 0 && this.#slots[at + 1] === 0) return false;
    out[0] = this.#slots[at + 2] ?? 0;
    out[1] = this.#slots[at + 3] ?? 0;
    return true;
  }

  set(high: number, low: number, valueHigh: number, valueLow: number): void {
    if (this.size >= this.#capacity * MAX_LOAD) this.#grow();
    this.#put(high, low, valueHigh, valueLow);
    this.size++;
  }

  #put(high: number, low: number, valueHigh: number, valueLow: number): void {
    const at = this.#find(high, low);
    this.#slots[at] = high;
    this.#slots[at + 1] = low;
    this.#slots[at + 2] = valueHigh;
    this.#slots[at + 3] = valueLow;
  }

  #find(high: number, low: number): number {
    let slot = (low ^ (high >>> 7)) & (this.#capacity - 1);
    for (;;) {
      const at = slot * 4;
      const h = this.#slots[at];
      const l = this.#slots[at + 1];
      if ((h === high && l === low) || (h === 0 && l === 0)) return at;
      slot = (slot + 1) & (this.#capacity - 1);
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#capacity *= 2;
    this.#slots = new Uint32Array(this.#capacity * 4);
    for (let at = 0; at < old.length; at += 4) {
      if (old[at] !== 0 || old[at + 1] !== 0) {
        this.#put(old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0, old[at + 3] ?? 0);
      }
    }
  }
}

/** Pairs beyond the bound, in a temporary database that goes when it is closed. */
class Spill {
  readonly #database: DatabaseSync;
  readonly #select;
  readonly #insert;
  #open = 0;
  size = 0;

  constructor(readonly path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(
      "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; CREATE TABLE pair (side INTEGER, name BLOB, other BLOB, " +
        "PRIMARY KEY (side, name)) WITHOUT ROWID",
    );
    this.#select = this.#database.prepare("SELECT other FROM pair WHERE side = ? AND name = ?");
    this.#insert = this.#database.prepare("INSERT OR REPLACE INTO pair VALUES (?, ?, ?)");
  }

  get(side: number, name: Uint8Array): Uint8Array | undefined {
    const row = this.#select.get(side, name);
    return row === undefined ? undefined : row.other as Uint8Array;
  }

  set(left: Uint8Array, right: Uint8Array): void {
    if (this.#open === 0) this.#database.exec("BEGIN");
    this.#insert.run(0, left, right);
    this.#insert.run(1, right, left);
    this.size++;
    this.#open = (this.#open + 1) % SPILL_BATCH;
    if (this.#open === 0) this.#database.exec("COMMIT");
  }

  close(): void {
    if (this.#open > 0) this.#database.exec("COMMIT");
    this.#database.close();
    Deno.removeSync(dirname(this.path), { recursive: true });
  }
}

/** Sizes and places; defaults suit a run of any length. */
export interface RenamingOptions {
  readonly maxInMemory?: number;
  /** Folder for what does not fit; default the one for temporary files. */
  readonly directory?: string;
}

/** See the module comment. */
export class Renaming {
  readonly #forward = new Table();
  readonly #backward = new Table();
  readonly #out = new Uint32Array(2);
  readonly #shown: ShownPair[] = [];
  readonly #max: number;
  readonly #directory: string | undefined;
  #spill: Spill | undefined;
  #renamed = 0;

  constructor(options: RenamingOptions = {}) {
    this.#max = options.maxInMemory ?? MAX_IN_MEMORY;
    this.#directory = options.directory;
  }

  /** Pairs known. */
  get size(): number {
    return this.#forward.size + (this.#spill?.size ?? 0);
  }

  /** Bytes of the tables in memory. */
  get bytes(): number {
    return this.#forward.bytes + this.#backward.bytes;
  }

  /** Pairs whose two names differ. */
  get renamed(): number {
    return this.#renamed;
  }

  /** The first pairs whose two names differ. */
  get shown(): readonly ShownPair[] {
    return this.#shown;
  }

  /** Whether two names may stand for each other, given everything seen before; a new pair is remembered. */
  offer(left: string, right: string): Correspondence {
    const lh = hash(left, FNV_OFFSET_A);
    const ll = hash(left, FNV_OFFSET_B) || 1;
    const rh = left === right ? lh : hash(right, FNV_OFFSET_A);
    const rl = left === right ? ll : hash(right, FNV_OFFSET_B) || 1;
    const out = this.#out;
    const knowsLeft = this.#lookup(0, lh, ll, left);
    if (knowsLeft && (out[0] !== rh || out[1] !== rl)) return { clash: "left" };
    const knowsRight = this.#lookup(1, rh, rl, right);
    if (knowsRight && (out[0] !== lh || out[1] !== ll)) return { clash: "right" };
    if (knowsLeft) return "known";
    this.#remember(left, right, [lh, ll, rh, rl]);
    return "new";
  }

  /** Whether the left name is known to stand for the right one; nothing is remembered. */
  corresponds(left: string, right: string): boolean {
    const found = this.#lookup(0, hash(left, FNV_OFFSET_A), hash(left, FNV_OFFSET_B) || 1, left);
    if (!found) return false;
    return this.#out[0] === hash(right, FNV_OFFSET_A) && this.#out[1] === (hash(right, FNV_OFFSET_B) || 1);
  }

  /** Whether one of the two names is known to stand for something else; nothing is remembered. */
  contradicts(left: string, right: string): boolean {
    const [lh, ll] = [hash(left, FNV_OFFSET_A), hash(left, FNV_OFFSET_B) || 1];
    const [rh, rl] = [hash(right, FNV_OFFSET_A), hash(right, FNV_OFFSET_B) || 1];
    const out = this.#out;
    if (this.#lookup(0, lh, ll, left) && (out[0] !== rh || out[1] !== rl)) return true;
    return this.#lookup(1, rh, rl, right) && (out[0] !== lh || out[1] !== ll);
  }

  /** Frees what is on disk. */
  close(): void {
    this.#spill?.close();
    this.#spill = undefined;
  }

  #lookup(side: 0 | 1, high: number, low: number, name: string): boolean {
    const table = side === 0 ? this.#forward : this.#backward;
    if (table.get(high, low, this.#out)) return true;
    const found = this.#spill?.get(side, digest(name));
    if (found === undefined) return false;
    const view = new DataView(found.buffer, found.byteOffset);
    this.#out[0] = view.getUint32(0);
    this.#out[1] = view.getUint32(4);
    return true;
  }

  #remember(left: string, right: string, [lh, ll, rh, rl]: readonly [number, number, number, number]): void {
    if (left !== right) {
      this.#renamed++;
      if (this.#shown.length < MAX_SHOWN) this.#shown.push({ left, right });
    }
    if (this.#forward.size < this.#max) {
      this.#forward.set(lh, ll, rh, rl);
      this.#backward.set(rh, rl, lh, ll);
      return;
    }
    this.#spill ??= new Spill(temporaryFile(this.#directory));
    this.#spill.set(digest(left), digest(right));
  }
}

/** Both 32-bit halves that the tables tell names apart by, then a digest against collisions on disk. */
function digest(name: string): Uint8Array {
  const halves = new DataView(new ArrayBuffer(8));
  halves.setUint32(0, hash(name, FNV_OFFSET_A));
  halves.setUint32(4, hash(name, FNV_OFFSET_B) || 1);
  return concat([new Uint8Array(halves.buffer), createHash("sha1").update(utf8(name)).digest()]);
}

function temporaryFile(directory: string | undefined): string {
  return join(
    Deno.makeTempDirSync({ prefix: "hearthproof-renaming-", ...directory === undefined ? {} : { dir: directory } }),
    "pairs",
  );
}

function hash(text: string, offset: number): number {
  let value = offset;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), FNV_PRIME);
  value = Math.imul(value ^ (value >>> 15), MIX);
  return (value ^ (value >>> 13)) >>> 0;
}
