/** Files, retrieval, and what repeats must not do (core/files, core/kb, core/bus). */

import { cidOf, isObject, type JsonObject } from "../../src/protocol/mod.ts";
import { isAmount, isCid, isCount, isListOf, isNumber, isSorted, isText, isUlid } from "./forms.ts";
import { metaOf, ofOutput } from "./member_checks.ts";
import { type Exchange, isDone, objectOf, objectsOf, type Oracle } from "./oracle.ts";

const USUAL_K = 5;
const CHUNK_BYTES = 262_144;

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || !/^[\w-]*$/.test(value)) return undefined;
  try {
    return Uint8Array.fromBase64(value, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}

const read = (id: string, place: RegExp, test: (output: JsonObject, e: Exchange) => boolean | undefined) =>
  ofOutput("file.read", id, place, test);

/** A test of the `manifest` frame of a streamed blob. */
function manifest(id: string, test: (frame: JsonObject, e: Exchange) => boolean | undefined): Oracle {
  return {
    requirement: id,
    address: "file.read",
    place: /^frames/,
    holds: (e) => {
      const { frames } = e.answer;
      if (!isDone(e) || frames === undefined) return undefined;
      const data = frames.find(({ event }) => event === "manifest")?.data;
      return isObject(data) ? test(data, e) : undefined;
    },
  };
}

const framesOf = ({ answer }: Exchange, event: string) =>
  (answer.frames ?? []).flatMap((frame) => frame.event === event && isObject(frame.data) ? [frame.data] : []);

export const storeOracles: readonly Oracle[] = [
  read("FIL-002", /^output\.cid$/, ({ cid }, { input }) => cid === input.cid),
  read("FIL-051", /^output\.data_b64$/, ({ data_b64: data }) => isText(data) && /^[\w-]*$/.test(data)),
  read("FIL-003", /^output\.data_b64$/, ({ data_b64: data }, { input }) => {
    const bytes = bytesOf(data);
    return bytes === undefined ? false : cidOf(bytes) === input.cid;
  }),
  read("FIL-004", /^output\.size_bytes$/, ({ size_bytes: size, data_b64: data }) => bytesOf(data)?.length === size),
  read(
    "FIL-001",
    /^(output|meta)/,
    ({ cid, size_bytes: size, data_b64: data }, e) =>
      isCid(cid) && isCount(size) && isText(data) && metaOf(e).ms !== undefined,
  ),
  manifest(
    "FIL-006",
    ({ cid, size_bytes: size, chunk_size_bytes: each, chunks }) =>
      isCid(cid) && isCount(size) && isCount(each) && Array.isArray(chunks) &&
      objectsOf(chunks).every((chunk, index) => chunk.i === index && isCid(chunk.cid)),
  ),
  manifest("FIL-007", ({ chunk_size_bytes: each }) => each === CHUNK_BYTES),
  manifest(
    "FIL-008",
    ({ size_bytes: size, chunks }) => Array.isArray(chunks) && chunks.length === Math.ceil(Number(size) / CHUNK_BYTES),
  ),
  manifest("FIL-010", ({ chunks }, e) => {
    const sent = framesOf(e, "chunk").map(({ cid }) => cid);
    return Array.isArray(chunks) ? objectsOf(chunks).every(({ cid }) => sent.includes(cid)) : undefined;
  }),
  manifest("FIL-011", (_, e) =>
    framesOf(e, "chunk").every(({ cid, data_b64: data }) => {
      const bytes = bytesOf(data);
      return bytes !== undefined && cidOf(bytes) === cid;
    })),
  manifest("FIL-013", (_, e) => isSorted(framesOf(e, "chunk").map(({ i }) => Number(i)))),
  manifest(
    "FIL-014",
    (_, e) => framesOf(e, "done").every(({ chunks, ms }) => chunks === framesOf(e, "chunk").length && isAmount(ms)),
  ),
  ofOutput("file.list", "FIL-025", /^output/, ({ cids }) => isListOf(cids, isCid)),
  ofOutput(
    "file.list",
    "FIL-026",
    /cids/,
    ({ cids }, { input: { prefix } }) =>
      isText(prefix) ? isListOf(cids, (cid) => isText(cid) && cid.startsWith(prefix)) : undefined,
  ),
  ofOutput("file.list", "FIL-033", /cids/, ({ cids }, { before }) => {
    const told = before.filter(({ address }) => address === "file.advertise").flatMap(({ input }) =>
      Array.isArray(input.cids) ? input.cids : []
    );
    const put = JSON.stringify(before.filter(({ address }) => address.startsWith("file.put")).map(({ body }) => body));
    const foreign = told.filter((cid) => isCid(cid) && !put.includes(cid));
    return foreign.length === 0 || !Array.isArray(cids) ? undefined : !foreign.some((cid) => cids.includes(cid));
  }),
  ofOutput(
    "file.advertise",
    "FIL-029",
    /^output/,
    // Of what was advertised before, a node may count only what is new.
    ({ recorded }, { input: { cids }, step: { origin } }) =>
      Array.isArray(cids) && !origin.endsWith("/repeated") ? recorded === cids.length : undefined,
  ),
  ofOutput("rag.query", "KBS-002", /chunks/, ({ chunks }, { input }) =>
    isListOf(chunks, (one) => {
      const { rank, score, text, metadata } = objectOf(one);
      const { doc_cid: cid, doc_title: title, chunk_id: id } = objectOf(metadata);
      return Number.isInteger(rank) && isNumber(score) && (input.include_text === false || isText(text)) &&
        cid !== undefined && title !== undefined && id !== undefined;
    })),
  ofOutput(
    "rag.query",
    "KBS-003",
    /chunks/,
    ({ chunks }) => objectsOf(chunks).every(({ rank }, index) => rank === index + 1),
  ),
  ofOutput(
    "rag.query",
    "KBS-004",
    /chunks/,
    ({ chunks }) => isSorted(objectsOf(chunks).map(({ score }) => Number(score)), true),
  ),
  ofOutput(
    "rag.query",
    "KBS-005",
    /chunks/,
    ({ chunks }, { input: { k } }) => k === undefined ? objectsOf(chunks).length <= USUAL_K : undefined,
  ),
  ofOutput(
    "rag.query",
    "KBS-006",
    /chunks/,
    ({ chunks }, { input: { k } }) => isCount(k) ? objectsOf(chunks).length <= k : undefined,
  ),
  ofOutput(
    "rag.query",
    "KBS-015",
    /chunks/,
    ({ chunks }, { input }) =>
      input.include_text === false
        ? objectsOf(chunks).every(({ text }) => text === undefined || text === null || text === "")
        : undefined,
  ),
  ofOutput(
    "rag.query",
    "KBS-014",
    /chunks/,
    ({ chunks }, { input }) =>
      input.include_text === undefined ? objectsOf(chunks).every(({ text }) => isText(text) && text !== "") : undefined,
  ),
  ofOutput("rag.query", "KBS-040", /chunks/, ({ chunks }) => {
    const ids = objectsOf(chunks).map(({ metadata }) => objectOf(metadata).chunk_id);
    return new Set(ids).size === ids.length;
  }),
  ofOutput(
    "rag.query",
    "KBS-019",
    /^meta/,
    (_, e) => metaOf(e).corpus === e.params.corpus && isText(metaOf(e).embedding_model) && isAmount(metaOf(e).ms),
  ),
  ofOutput(
    "rag.ingest",
    "KBS-022",
    /^(output|meta)/,
    ({ doc_cid: cid, chunks_indexed: n, tokens_indexed: t }, e) =>
      cid === e.input.doc_cid && isCount(n) && isCount(t) && metaOf(e).corpus === e.params.corpus &&
      isUlid(metaOf(e).ingest_event_id),
  ),
  ofOutput(
    "rag.list_corpora",
    "KBS-045",
    /corpora/,
    ({ corpora }, { step: { step }, cast }) =>
      step.do === "call" && cast[step.as] !== "self"
        ? !objectsOf(corpora).some(({ name }) => name === "personal")
        : undefined,
  ),
  ofOutput("rag.list_corpora", "KBS-041", /^(output|meta)/, ({ corpora }) =>
    isListOf(corpora, (one) => {
      const { name, docs, chunks, size_bytes: size } = objectOf(one);
      return isText(name) && isCount(docs) && isCount(chunks) && isCount(size);
    })),
];
