/** Uploads of the same few blobs again and again, so that nothing grows, and events pushed as a peer pushes them. */

import {
  type BlobShape,
  CHUNK_SIZE,
  chunksOf,
  isObject,
  type JsonObject,
  signEvent,
  timestamp,
  tryParseJson,
} from "../src/protocol/mod.ts";
import { blobBytes } from "../src/target/provisioning.ts";
import { chunkMessage, offeredManifest, upload } from "../src/target/upload.ts";
import { type Caller, codeOf, type Hands, type Operation, type Outcome } from "./workload_calls.ts";

/**
 * Lamport values between what is acknowledged and what is pushed: more than may be logged while the push is under way,
 * so that it does not land below what was read already.
 */
const AHEAD = 4096;
/** Blobs uploaded in turn, and their size: a little more than one chunk. */
const BLOBS = 4;
const BLOB_BYTES = CHUNK_SIZE + 1000;

interface ReadyBlob {
  readonly manifest: JsonObject;
  readonly chunks: readonly JsonObject[];
}

class Uploads {
  #blobs: ReadyBlob[] | undefined;
  #next = 0;

  async put(hands: Hands, caller: Caller): Promise<Outcome> {
    const capability = "file.put";
    const { uploads } = hands.material;
    const actor = uploads?.actors[caller.index % Math.max(1, uploads.actors.length)];
    if (uploads === undefined || actor === undefined) return { capability, code: "nothing_to_do" };
    this.#blobs ??= Array.from({ length: BLOBS }, (_, i) => ready(hands, i, uploads.path.form));
    const blob = this.#blobs[this.#next++ % BLOBS];
    if (blob === undefined) return { capability, code: "nothing_to_do" };
    const outcome = await upload(hands.session, actor, uploads.path.way, {
      input: { manifest: blob.manifest },
      chunks: (asked) => blob.chunks.filter((_, i) => asked?.includes(i) ?? true),
    });
    const done = outcome.frames.at(-1)?.event === "done";
    return { capability, code: done ? "ok" : outcome.code ?? codeOf(outcome.answer) };
  }
}

function ready(hands: Hands, index: number, form: Parameters<typeof offeredManifest>[1]): ReadyBlob {
  const chunks = chunksOf(blobBytes(hands.session, `soak upload ${index}`, BLOB_BYTES));
  const shape: BlobShape = {
    size_bytes: BLOB_BYTES,
    chunk_size_bytes: CHUNK_SIZE,
    chunks: chunks.map(({ cid, bytes }) => ({ cid, size_bytes: bytes.length })),
  };
  return { manifest: offeredManifest(shape, form), chunks: chunks.map(chunkMessage) };
}

/** A message signed by its author and pushed to `POST /sync/v1/events`. */
async function push(hands: Hands, caller: Caller): Promise<Outcome> {
  const capability = "sync.push";
  const { session, text } = hands;
  const sequence = hands.nextSequence(caller.index);
  const clientId = text.clientId(caller.index, sequence);
  const floor = hands.acknowledged();
  const recipient = (hands.callers[(caller.index + 1) % hands.callers.length] ?? caller).actor.id;
  const event = signEvent(caller.actor.identity, {
    event_id: session.id(),
    lamport: floor + AHEAD,
    wall_clock: timestamp(session.wall()),
    community_id: session.communityId,
    event_type: "chat.message.sent",
    data: { client_id: clientId, recipient, body: text.words(clientId) },
  });
  const wrote = { caller: caller.index, sequence };
  const answer = await hands.exchange({
    method: "POST",
    path: "/sync/v1/events",
    headers: [["Content-Type", "application/json"]],
    body: new TextEncoder().encode(JSON.stringify({ community_id: session.communityId, events: [event] })),
  });
  const code = codeOf(answer);
  if (code !== "ok") return { capability, code, wrote };
  const body = tryParseJson(answer.body);
  if (!isObject(body) || body.accepted !== 1) return { capability, code: "push_rejected", wrote };
  const written = { caller: caller.index, sequence, eventId: event.event_id, lamport: event.lamport, floor };
  return { capability, code, wrote, written };
}

/** The two operations. */
export function storageOperations(): readonly Operation[] {
  const uploads = new Uploads();
  return [
    {
      name: "file.put",
      capability: "file.put",
      weight: 0.5,
      writes: true,
      needs: "uploads",
      run: (hands, caller) => uploads.put(hands, caller),
    },
    { name: "sync.push", capability: "chat.send", weight: 1, writes: true, run: push },
  ];
}
