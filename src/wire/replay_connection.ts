/** A connection that answers as a recorded one did. */

import { concat, fromUtf8Lossy } from "../protocol/mod.ts";
import { type Connection, type Received, WireError } from "./network.ts";
import type { RecordedConnection, RecordedRead } from "./replay_index.ts";
import type { ReplayTime, Wait } from "./replay_time.ts";

/** Recorded connections to one address that no replayed connection has taken yet, oldest first. */
export type Pool = RecordedConnection[];

/** Characters of the request shown in a message. */
const SHOWN = 60;

/**
 * Made by a dial, it takes the recorded connection whose first bytes are the ones written, at the first read (or when
 * it is closed). Made by a listener, it is one recorded connection from the start, and what is written is not compared.
 */
export class ReplayConnection implements Connection {
  readonly certificate?: { readonly fingerprint: string; readonly der: Uint8Array };
  settledAt: number | undefined;
  readonly #time: ReplayTime;
  readonly #dialled: RecordedConnection;
  readonly #pool: Pool | undefined;
  #bound: RecordedConnection | undefined;
  #parts: Uint8Array[] = [];
  #written = 0;
  #reads = 0;
  #error: WireError | undefined;
  #wait: Wait | undefined;
  #release: (() => void) | undefined;
  #over = false;

  constructor(time: ReplayTime, recorded: RecordedConnection, pool?: Pool) {
    this.#dialled = recorded;
    this.#time = time;
    this.#pool = pool;
    if (pool === undefined) this.#bound = recorded;
    if (recorded.certificate !== undefined) this.certificate = recorded.certificate;
  }

  /** Number of the recorded connection. */
  get id(): number {
    return (this.#bound ?? this.#dialled).id;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#over) {
      return Promise.reject(new WireError("closed", "Cannot write: current value of the connection is closed"));
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const from = this.#written;
    this.#written += bytes.length;
    if (this.#bound === undefined) this.#parts.push(bytes);
    else if (this.#pool !== undefined) this.#compare(this.#bound, bytes, from);
    this.#time.changed();
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const unsent = this.#bound?.unsent.get(this.#written);
    return unsent === undefined ? Promise.resolve() : Promise.reject(new WireError(unsent.kind, unsent.message));
  }

  read(deadlineMs: number): Promise<Received | null> {
    if (this.#wait !== undefined) return Promise.reject(new TypeError("Cannot read: another read is under way"));
    if (this.#over) return Promise.resolve(null);
    const latest = this.#time.mono() + Math.max(deadlineMs, 0);
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        this.#wait = undefined;
        this.#release = undefined;
        finish();
      };
      const wait: Wait = {
        due: () => {
          this.#bind();
          if (this.#error !== undefined) return this.#time.mono();
          const next = this.#next();
          return next === undefined ? Infinity : Math.max(next.at, this.#time.mono());
        },
        // A peer's connection to us that was silent to the end of the scope stays silent.
        guess: () => this.#pool === undefined ? Infinity : latest,
        fire: () =>
          settle(() => {
            if (this.#error !== undefined) return reject(this.#error);
            const next = this.#next();
            if (next === undefined) return reject(deadline(deadlineMs));
            this.#reads++;
            this.settledAt = next.at;
            if (next.kind === "in") resolve({ bytes: next.bytes ?? new Uint8Array(0), at: next.at });
            else if (next.kind === "eof") resolve(null);
            else if (next.kind === "deadline") reject(deadline(deadlineMs));
            else reject(new WireError(next.failure?.kind ?? "reset", next.failure?.message ?? "Cannot read"));
          }),
      };
      this.#wait = wait;
      this.#release = () => settle(() => resolve(null));
      this.#time.add(wait);
    });
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (this.#over) return;
    this.#bind();
    this.#over = true;
    if (this.#wait !== undefined) this.#time.cancel(this.#wait);
    this.#release?.();
  }

  reset(): void {
    this.close();
  }

  /** The next recorded read, once all that was written before it has been written again. */
  #next(): RecordedRead | undefined {
    const next = this.#bound?.reads[this.#reads];
    if (next === undefined) return undefined;
    return this.#pool === undefined || this.#written >= next.written ? next : undefined;
  }

  #bind(): void {
    if (this.#bound !== undefined || this.#pool === undefined || this.#error !== undefined) return;
    const written = concat(this.#parts);
    this.#parts = [written];
    const match = choose(this.#pool, written, this.#dialled);
    if (match === "wait") return;
    if (typeof match === "string") {
      this.#error = new WireError("unrecorded", match);
      return;
    }
    this.#pool.splice(this.#pool.indexOf(match), 1);
    this.#bound = match;
    this.#parts = [];
  }

  #compare(recorded: RecordedConnection, bytes: Uint8Array, from: number): void {
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] === recorded.out[from + i]) continue;
      this.#error = new WireError("unrecorded", differs(recorded, from + i, bytes[i]));
      return;
    }
  }
}

/**
 * The recorded connection that begins with the bytes written: the one of the same dial if it does; one whose first read came exactly then before one where
 * more was written, older before younger. "wait" if more bytes may make a match; else a message.
 */
function choose(
  pool: readonly RecordedConnection[],
  written: Uint8Array,
  dialled: RecordedConnection,
): RecordedConnection | string {
  let fallback: RecordedConnection | undefined;
  let partial = false;
  let closest: { recorded: RecordedConnection; same: number } | undefined;
  const own = pool.includes(dialled) ? [dialled, ...pool] : pool;
  for (const recorded of own) {
    const same = commonPrefix(written, recorded.out);
    if (same === written.length) {
      const first = recorded.reads[0]?.written ?? recorded.out.length;
      if (first === written.length) return recorded;
      if (first < written.length) fallback ??= recorded;
      else partial = true;
    }
    if (closest === undefined || same > closest.same) closest = { recorded, same };
  }
  if (fallback !== undefined) return fallback;
  if (partial) return "wait";
  if (closest === undefined) return "Cannot replay: every recorded connection to this address was taken already";
  return differs(closest.recorded, closest.same, written[closest.same]);
}

function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let same = 0;
  while (same < length && a[same] === b[same]) same++;
  return same;
}

function differs(recorded: RecordedConnection, at: number, got: number | undefined): string {
  const line = fromUtf8Lossy(recorded.out.subarray(0, SHOWN)).split("\r\n", 1)[0] ?? "";
  const want = at < recorded.out.length ? `0x${(recorded.out[at] as number).toString(16)}` : "nothing";
  const have = got === undefined ? "nothing" : `0x${got.toString(16)}`;
  return `Cannot replay connection ${recorded.id} (${line}): byte ${at} is ${have}, recorded is ${want}`;
}

function deadline(ms: number): WireError {
  return new WireError("deadline", `Cannot read: nothing came within ${Math.max(0, Math.round(ms))} ms`);
}
