/** Faults of the reference node: ingesting documents. */

import { faults } from "../fault.ts";
import { asksFor } from "./files_read.ts";

export const kbIngestFaults = faults({
  "ingest-counts-nothing": {
    breaks: ["KBS-022"],
    rules: { ragIngestOutput: (output) => ({ ...output, chunks_indexed: 0 }) },
  },
  "ingest-event-invented": {
    breaks: ["KBS-023"],
    rules: { ragLogsIngest: false },
  },
  "ingest-event-with-chunk-cid": {
    breaks: ["KBS-024"],
    rules: { ragEventData: (data, { firstChunk }) => ({ ...data, doc_cid: firstChunk }) },
  },
  "ingest-event-counts-pages": {
    breaks: ["KBS-025"],
    rules: { ragEventData: (data, { pages }) => ({ ...data, chunks: pages }) },
  },
  "ingest-event-by-other-author": {
    breaks: ["KBS-026"],
    log: (event) =>
      event.event_type === "rag.document.ingested" && typeof event.data.on_behalf_of === "string"
        ? { ...event, author: event.data.on_behalf_of }
        : event,
  },
  "rag-ingest-open-to-members": {
    breaks: ["KBS-027"],
    rules: { kbDescriptor: asksFor("rag.ingest", "member") },
  },
  "unresolved-document-indexed": {
    breaks: ["KBS-028"],
    rules: { ragUnresolved: "empty", ragTextless: "succeed" },
  },
  "missing-doc-cid-crashes": {
    breaks: ["KBS-029"],
    rules: { ragMissingMemberCode: "internal_error" },
  },
  "noise-indexed-as-text": {
    breaks: ["KBS-030"],
    rules: { ragUnsupported: "as-text" },
  },
  "textless-document-succeeds": {
    breaks: ["KBS-031"],
    rules: { ragTextless: "succeed" },
  },
  "repeat-indexed-again": {
    breaks: ["KBS-032"],
    rules: { ragRepeatIndexes: true },
  },
  "repeat-logged-again": {
    breaks: ["KBS-033"],
    rules: { ragRepeatLogs: true },
  },
  "documents-known-globally": {
    breaks: ["KBS-034"],
    rules: { ragSeenKey: (_, docCid) => docCid },
  },
  "indexed-in-other-collection": {
    breaks: ["KBS-035"],
    rules: { ragTargetCorpus: (corpus) => `${corpus}-new` },
  },
  "document-in-one-passage": {
    breaks: ["KBS-038"],
    rules: { ragChunkTokens: Number.MAX_SAFE_INTEGER },
  },
  "passages-without-overlap": {
    breaks: ["KBS-039"],
    rules: { ragOverlapTokens: 0 },
  },
  "any-corpus-name": {
    breaks: ["KBS-044"],
    rules: { ragCorpusName: () => true },
  },
  "reserved-corpora-writable": {
    breaks: ["KBS-046"],
    rules: { ragCorpusWritable: () => true },
  },
  "ingest-needs-metadata": {
    breaks: ["KBS-050"],
    rules: { ragIngestRequires: ["doc_cid", "metadata"] },
  },
});
