/** What tests of journal, resume and merge share: a disk in memory and load without a target. */

import { Random } from "../src/protocol/mod.ts";
import type { JournalDisk } from "./journal_disk.ts";
import { RUN_FILE } from "./journal_restore.ts";
import type { Observation } from "./observation.ts";
import type { RunConfig } from "./run_state.ts";

const CALLERS = 3;
/** Milliseconds between two calls. */
const EVERY_MS = 50;

/** Facts of a run that nobody made. */
export function runConfig(more: Partial<RunConfig> = {}): RunConfig {
  return {
    seed: 1,
    timeOrigin: 1_800_000_000_000,
    startedWall: 1_800_000_000_000,
    durationMs: 60_000,
    rateText: "20/s",
    callers: CALLERS,
    thresholds: ["latency.p99 < 250ms over 5s", "errors.rate < 50%"],
    target: { kind: "endpoint", url: "http://127.0.0.1:1", dialect: "contract" },
    nodeId: "ed25519:n",
    communityId: "ed25519:c",
    readable: true,
    headBefore: 0,
    options: {},
    secrets: [],
    ...more,
  };
}

/** A disk that holds the file of a run and takes up to `room` bytes. */
export function memoryDisk(
  config: RunConfig,
  room = Infinity,
): JournalDisk & { readonly files: Map<string, Uint8Array[]> } {
  const run = new TextEncoder().encode(JSON.stringify({ format: "hearthproof.soak-run/1", config }));
  const files = new Map<string, Uint8Array[]>([[RUN_FILE, [run]]]);
  const used = () => room === Infinity ? 0 : [...files.values()].flat().reduce((sum, { length }) => sum + length, 0);
  return {
    files,
    create(name) {
      const parts: Uint8Array[] = [];
      files.set(name, parts);
      return {
        write(bytes) {
          const left = room - used();
          parts.push(bytes.slice(0, Math.max(0, Math.min(bytes.length, left))));
          if (left < bytes.length) {
            throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
          }
        },
        sync: () => Promise.resolve(),
        close: () => {},
      };
    },
    read: (name) => Promise.resolve(joined(files.get(name) ?? [])),
    names: () => Promise.resolve([...files.keys()].sort()),
    remove: (name) => Promise.resolve(void files.delete(name)),
  };
}

/** All parts of a file as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Observations of `calls` calls from number `first` on: writes that succeed, some that fail, readings, samples. */
export function* simulatedLoad(seed: number, first: number, calls: number, callerBase = 0): Generator<Observation> {
  const random = new Random(seed, "simulated");
  for (let n = first; n < first + calls; n++) {
    const caller = callerBase + n % CALLERS;
    const sequence = Math.floor(n / CALLERS);
    const due = n * EVERY_MS;
    const ended = due + random.unit() * 20;
    yield { kind: "sending", at: due, caller, sequence };
    const eventId = `E${caller}-${sequence}`;
    const lamport = n + 1;
    const answered = random.unit() < 0.95;
    yield {
      kind: "call",
      capability: "chat.send",
      due,
      started: due,
      ended,
      code: answered ? "ok" : "timeout",
      wrote: { caller, sequence },
      ...(answered ? { written: { caller, sequence, eventId, lamport, floor: n } } : {}),
    };
    yield { kind: "sample", series: "memory.rss", at: ended, value: 1e8 + random.below(1000) };
    const event = { event_id: eventId, lamport, type: "chat.message.sent", digest: `d${n}`, valid: true, bytes: 400 };
    const own = { caller, sequence, unchanged: true };
    yield {
      kind: "log",
      at: ended + 1,
      after: n,
      events: [{ ...event, own }],
      complete: true,
      again: false,
      upTo: lamport,
    };
  }
}
