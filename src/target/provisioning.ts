/** What cases need on a target before they act: stored blobs, filled corpora (README of the catalogue, `adapter:WORD`). */

import { type BlobShape, CHUNK_SIZE, chunksOf, isObject, MANIFEST_FORMS, type ManifestForm } from "../protocol/mod.ts";
import { manifestCid, tryParseJson } from "../protocol/mod.ts";
import { type Actor, type Actors, NoSuchActor } from "./actors.ts";
import { textPdf } from "./text_pdf.ts";
import { advertised } from "./profile.ts";
import type { Session } from "./session.ts";
import { chunkMessage, offeredManifest, upload, type UploadWay, wayExists } from "./upload.ts";

/** Raised when a provision cannot be had; like a missing identity, it becomes a skip. */
export class CannotProvide extends NoSuchActor {}

/** A blob that the target holds. */
export interface KnownBlob {
  /** Manifest CID. */
  readonly cid: string;
  readonly size_bytes: number;
  /** Absent for blobs that the operator placed. */
  readonly bytes?: Uint8Array;
  readonly shape?: BlobShape;
}

/** A blob that the tester put. */
export interface PlacedBlob extends KnownBlob {
  readonly bytes: Uint8Array;
  readonly shape: BlobShape;
}

/** How uploads work on a target. */
export interface UploadPath {
  readonly way: UploadWay;
  readonly form: ManifestForm;
}

/** Bytes of the blob that tries out an upload. */
const PROBE_BYTES = 64;

const paths = new WeakMap<Session, UploadPath>();

/** Period of the filler: every byte value occurs, and neighbouring chunks differ. */
const FILLER_PERIOD = 251;
/** Random bytes at the start of each chunk. */
const FRESH_BYTES = 32;

/** Contents that no other session has in any chunk; mostly filler, so that they are cheap to make and to record. */
export function blobBytes(session: Session, purpose: string, size: number): Uint8Array<ArrayBuffer> {
  const random = session.random(`blob ${purpose}`);
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i % FILLER_PERIOD;
  for (let at = 0; at < size; at += CHUNK_SIZE) {
    bytes.set(random.bytes(Math.min(FRESH_BYTES, size - at)), at);
  }
  return bytes;
}

/**
 * Stores bytes as a trusted member: over WebSocket, else by POST; under the decided manifest CID, else, after
 * bad_request, a tolerated one.
 *
 * @throws {CannotProvide} If no way works.
 */
export async function placeBlob(session: Session, actor: Actor, bytes: Uint8Array): Promise<PlacedBlob> {
  const chunks = chunksOf(bytes);
  const shape: BlobShape = {
    size_bytes: bytes.length,
    chunk_size_bytes: CHUNK_SIZE,
    chunks: chunks.map((chunk) => ({ cid: chunk.cid, size_bytes: chunk.bytes.length })),
  };
  const known = paths.get(session);
  const ways: readonly UploadWay[] = session.profile.websocket ? ["websocket", "post"] : ["post"];
  let last = "no way was tried";
  for (const way of known === undefined ? ways : [known.way]) {
    for (const form of known === undefined ? MANIFEST_FORMS : [known.form]) {
      const outcome = await upload(session, actor, way, {
        input: { manifest: offeredManifest(shape, form) },
        chunks: (asked) => chunks.filter(({ i }) => asked?.includes(i) ?? true).map(chunkMessage),
      });
      if (outcome.frames.at(-1)?.event === "done") {
        paths.set(session, { way, form });
        return { cid: manifestCid(shape, form), size_bytes: bytes.length, bytes, shape };
      }
      last = `${way}: ${outcome.code ?? `status ${outcome.answer.status}, no done frame`}`;
      if (!wayExists(outcome) || outcome.code !== "bad_request") break;
    }
  }
  throw new CannotProvide(`no blob can be placed (${last})`);
}

/**
 * How uploads work here, found out with a small blob.
 *
 * @throws {CannotProvide} If none does.
 */
export async function uploadPath(session: Session, actor: Actor): Promise<UploadPath> {
  if (!paths.has(session)) await placeBlob(session, actor, blobBytes(session, "upload probe", PROBE_BYTES));
  return paths.get(session) as UploadPath;
}

/**
 * A stored blob of at least so many bytes: a fresh one of exactly that size where the tester can put, else one of the
 * operator's.
 *
 * @throws {CannotProvide} If there is none.
 */
export async function someBlob(session: Session, actors: Actors, bytes: number): Promise<KnownBlob> {
  const { profile } = session;
  if (advertised(profile, "file.put") !== undefined && profile.identities.trusted > 0) {
    return await placeBlob(session, await actors.trusted("blob-placer"), blobBytes(session, `blob ${bytes}`, bytes));
  }
  const preplaced = profile.adapter.blobs.find((blob) => blob.size_bytes >= bytes);
  if (preplaced === undefined) throw new CannotProvide(`no blob of at least ${bytes} bytes is placed`);
  return preplaced;
}

/** A document to be ingested; its pages are texts of words. */
export interface CorpusDocument {
  readonly pages: readonly string[];
  readonly title?: string;
  readonly language?: string;
  readonly year?: number;
}

/** An ingested document. */
export interface IngestedDocument {
  readonly docCid: string;
  /** `chunks_indexed` of the answer. */
  readonly chunks: number;
}

/**
 * Puts and ingests documents as PDF with a text layer, in order.
 *
 * @throws {CannotProvide} If a document cannot be put or is refused.
 */
export async function fillCorpus(
  session: Session,
  actor: Actor,
  corpus: string,
  documents: readonly CorpusDocument[],
): Promise<readonly IngestedDocument[]> {
  const done: IngestedDocument[] = [];
  for (const { pages, title, language, year } of documents) {
    const { cid } = await placeBlob(session, actor, textPdf(pages));
    const input = {
      doc_cid: cid,
      title: title ?? "A document of the tester",
      language: language ?? "en",
      metadata: { author: "hearthproof", ...year === undefined ? {} : { year } },
    };
    const answer = await session.call(actor, "rag.ingest", input, { params: { corpus } });
    const body = tryParseJson(answer.body);
    const output = isObject(body) && isObject(body.output) ? body.output : {};
    if (answer.status !== 200) throw new CannotProvide(`no document can be ingested (status ${answer.status})`);
    done.push({ docCid: cid, chunks: typeof output.chunks_indexed === "number" ? output.chunks_indexed : 0 });
  }
  return done;
}

/** A corpus with something in it. */
export interface KnownCorpus {
  readonly name: string;
  /** Finds something in it. */
  readonly query: string;
  /** Passages in it; undefined where the operator filled it or the node does not say. */
  readonly chunks: number | undefined;
}

/** Pages of the document in {@linkcode someCorpus}. */
const CORPUS_PAGES = 8;
/** Words per page: about a passage (M05 §3.1), so that nodes that join pages have as many passages as others. */
const WORDS_PER_PAGE = 800;
const QUERY = "hearth ember kindling";
const FILLER = ["chimney", "bellows", "mantel", "cinder", "andiron", "kettle", "tongs", "grate"] as const;

/**
 * A corpus with at least {@linkcode CORPUS_PAGES} passages: a fresh one where the tester can ingest, else one of the
 * operator's.
 *
 * @throws {CannotProvide} If there is none.
 */
export async function someCorpus(session: Session, actors: Actors): Promise<KnownCorpus> {
  const { profile } = session;
  if (advertised(profile, "rag.ingest") !== undefined && profile.identities.trusted > 0) {
    const actor = await actors.trusted("librarian");
    const name = corpusName(session);
    const random = session.random("corpus text");
    const filler = Array.from({ length: WORDS_PER_PAGE }, () => random.pick(FILLER));
    const pages = Array.from(
      { length: CORPUS_PAGES },
      // The pages differ in how much they have to do with the query.
      (_, page) => `${`${QUERY} `.repeat(page + 1)}${random.word()} ${filler.slice(page).join(" ")}`,
    );
    const documents = await fillCorpus(session, actor, name, [{ pages }]);
    const chunks = documents.reduce((sum, document) => sum + document.chunks, 0);
    return { name, query: QUERY, chunks: chunks > 0 ? chunks : undefined };
  }
  const [filled] = profile.adapter.corpora;
  if (filled === undefined) throw new CannotProvide("no filled corpus is known");
  return { ...filled, chunks: undefined };
}

/** A fresh name for a corpus, as M05 §4.2 allows it. */
export function corpusName(session: Session, label = "c"): string {
  return `${label}-${session.id().toLowerCase()}`;
}
