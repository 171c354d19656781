/** Faults of the reference node: ingesting documents. */

import { faults } from "../fault.ts";
import { asksFor } from "./files_read.ts";

export const kbIngestFaults = faults({
  "ingest-counts-nothing": {
    breaks: ["KBS-022", "KBS-024", "KBS-025", "KBS-038", "KBS-042"],
    rules: { ragIngestOutput: (output) => ({ ...output, chunks_indexed: 0 }) },
  },
  "ingest-event-invented": {
    breaks: ["KBS-023", "KBS-024", "KBS-025", "KBS-026", "KBS-033"],
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
    breaks: ["KBS-027", "BUS-033", "TOK-050", "LLM-060"],
    rules: { kbDescriptor: asksFor("rag.ingest", "member") },
  },
  "unresolved-document-indexed": {
    breaks: ["KBS-028", "KBS-031"],
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
    breaks: [
      "KBS-001",
      "KBS-002",
      "KBS-003",
      "KBS-004",
      "KBS-005",
      "KBS-006",
      "KBS-007",
      "KBS-014",
      "KBS-015",
      "KBS-016",
      "KBS-017",
      "KBS-018",
      "KBS-019",
      "KBS-020",
      "KBS-033",
      "KBS-034",
      "KBS-035",
      "KBS-036",
      "KBS-037",
      "KBS-039",
      "KBS-040",
      "KBS-042",
      "KBS-043",
    ],
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
