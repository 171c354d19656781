/** Streams that keep a capability busy. */

import type { JsonObject } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { modelOf } from "../../../src/target/minimal_body.ts";
import { someBlob } from "../../../src/target/provisioning.ts";
import type { Session } from "../../../src/target/session.ts";
import { type HttpStream, SseReader } from "../../../src/wire/mod.ts";
import { turnOf } from "./helpers.ts";

/** Tokens of a stream that outlasts a case, and of one that soon ends. */
const LONG_TOKENS = 2000;
const SHORT_TOKENS = 8;
/** Chunks of the blob that is read where there is no model, in bytes altogether. */
const BLOB_BYTES = 16 * 262_144;
/** Milliseconds until the first frame of a stream. */
const FIRST_FRAME_MS = 10_000;
/** More slots than these are not filled (BUS-037). */
export const MOST_SLOTS = 32;

/** A capability that streams, with inputs for a long and a short stream. */
export interface Streaming {
  readonly name: string;
  readonly version: string;
  readonly slots: number;
  readonly params: JsonObject;
  readonly long: JsonObject;
  readonly short: JsonObject;
}

function chat(target: Session, version: string): Streaming | undefined {
  const entry = target.advertised("llm.chat", version);
  if (entry === undefined) return undefined;
  const messages = [{ role: "user", content: "Tell a very long, endless story about a hearth." }];
  const input = (max_tokens: number) => ({ messages, max_tokens, stream: true });
  return {
    name: "llm.chat",
    version: String(entry.version),
    slots: Number(entry.max_concurrent),
    params: { model: modelOf(target.profile, "llm.chat") },
    long: input(LONG_TOKENS),
    short: input(SHORT_TOKENS),
  };
}

/** S of the catalogue, generation first: it lasts without moving bytes. */
export async function streaming({ target, actors }: CaseContext): Promise<Streaming> {
  const generation = chat(target, "1.0") ?? chat(target, "2.0");
  if (generation !== undefined) return generation;
  const entry = target.advertised("file.read");
  const { cid } = await someBlob(target, actors, BLOB_BYTES);
  return {
    name: "file.read",
    version: String(entry?.version ?? "1.0"),
    slots: Number(entry?.max_concurrent),
    params: {},
    long: { cid },
    short: { cid },
  };
}

/** A running stream. */
export interface Running {
  readonly stream: HttpStream;
  readonly reader: SseReader;
}

/** Starts a stream and waits for its first frame; undefined if it did not begin. */
export async function start(
  target: Session,
  actor: Actor,
  { name, version, params }: Streaming,
  input: JsonObject,
): Promise<Running | undefined> {
  const stream = await target.open(actor, name, input, { version, params });
  const reader = new SseReader(stream);
  const began = stream.status === 200 && await reader.next(FIRST_FRAME_MS).catch(() => null) !== null;
  if (began) return { stream, reader };
  stream.abort();
  return undefined;
}

/** Starts as many long streams as there are slots; ends them all with `end`. */
export async function fillSlots(
  target: Session,
  members: readonly [Actor, ...Actor[]],
  called: Streaming,
): Promise<{ readonly started: number; end(): void }> {
  const running = await Promise.all(
    Array.from({ length: called.slots }, (_, i) => start(target, turnOf(members, i), called, called.long)),
  );
  const begun = running.filter((one) => one !== undefined);
  return { started: begun.length, end: () => begun.forEach(({ stream }) => stream.abort()) };
}
