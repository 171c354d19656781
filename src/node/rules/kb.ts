/** Numbers and decisions of the reference node: knowledge bases and embeddings. Each names the source it follows. */

import type { Json, JsonObject, Random } from "../../protocol/mod.ts";
import type { CapabilityDescriptor, Trust } from "../core.ts";

/** A ranked passage before it is written into an answer. */
export interface RankedPassage {
  readonly docCid: string;
  readonly docTitle: string;
  readonly chunkId: string;
  readonly page: number | undefined;
  readonly text: string;
  /** 0 to 1, higher is better. */
  readonly similarity: number;
}

/** What a filter looks at. */
export interface FilteredDocument {
  readonly language: string | undefined;
  readonly year: number | undefined;
}

export interface KbRules {
  /** Last word on what is registered: trust, schemas, params. */
  readonly kbDescriptor: (descriptor: CapabilityDescriptor) => CapabilityDescriptor;
  /** What rag.query and rag.ingest do without an embedding backend; `random` answers anyway. KBS-049. */
  readonly ragWithoutEmbedding: "partition" | "random";

  /** Passages when k is absent. KBS-005. */
  readonly ragKDefault: number;
  /** Largest k. KBS-007. */
  readonly ragKMax: number;
  /** A k above the largest. KBS-008. */
  readonly ragKOver: "refuse" | "clamp";
  /** Whether a given k is a count at all. KBS-009. */
  readonly ragKAccepted: (k: Json) => boolean;
  /** Passages returned for a k. KBS-006, KBS-009. */
  readonly ragLimit: (k: number, held: number) => number;
  /** Answer for a corpus that does not exist. KBS-010. */
  readonly ragUnknownCorpus: "not_found" | "create";
  /** A query that names no corpus. KBS-011. */
  readonly ragWithoutCorpus: "refuse" | "all";
  /** Error code of that refusal. KBS-011. */
  readonly ragWithoutCorpusCode: string;
  /** Text searched for, undefined refuses. KBS-012, KBS-013. */
  readonly ragQueryText: (query: Json | undefined) => string | undefined;
  /** Error code of a query that is empty; undefined: an empty answer. KBS-013. */
  readonly ragEmptyQueryCode: string | undefined;
  /** Text in hits when include_text is absent. KBS-014. */
  readonly ragIncludeTextDefault: boolean;
  /** Whether text is sent, given the flag. KBS-015. */
  readonly ragSendsText: (flag: boolean) => boolean;
  /** Whether a document passes filter.language. KBS-016. */
  readonly ragLanguageMatches: (document: FilteredDocument, language: string) => boolean;
  /** Whether a document passes filter.min_year. KBS-017. */
  readonly ragYearMatches: (document: FilteredDocument, minYear: number) => boolean;
  /** Error code when no document passes the filter; undefined: an empty answer. KBS-018. */
  readonly ragNothingPassesCode: string | undefined;
  /** `meta.corpus`. KBS-019. */
  readonly ragMetaCorpus: (corpus: string) => string;
  /** Passages in the order of the answer, best first, before they are cut to k. KBS-020, KBS-040. */
  readonly ragOrder: (passages: readonly RankedPassage[], random: Random) => readonly RankedPassage[];
  /** Rank of the passage at a position from 0. KBS-003. */
  readonly ragRank: (position: number) => number;
  /** Score of a similarity. KBS-004. */
  readonly ragScore: (similarity: number) => number;
  /** A hit as it is sent. KBS-002, KBS-036, KBS-037. */
  readonly ragHit: (hit: JsonObject, passage: RankedPassage) => JsonObject;
  /** Whether a corpus answers a caller. KBS-045: personal is never remote. */
  readonly ragCorpusReadable: (corpus: string, level: Trust) => boolean;
  /** Error code for a corpus that does not answer the caller. KBS-045. */
  readonly ragUnreadableCode: string;

  /** Input members rag.ingest insists on. KBS-029, KBS-050. */
  readonly ragIngestRequires: readonly string[];
  /** Error code of an ingest that lacks one. KBS-029. */
  readonly ragMissingMemberCode: string;
  /** Whether a corpus name is one. KBS-044. */
  readonly ragCorpusName: (name: string) => boolean;
  /** Whether a corpus takes documents of a caller. KBS-045, KBS-046. */
  readonly ragCorpusWritable: (corpus: string, level: Trust) => boolean;
  /** Corpus a document really goes to. KBS-035. */
  readonly ragTargetCorpus: (corpus: string) => string;
  /** A doc_cid that does not resolve. KBS-028. */
  readonly ragUnresolved: "not_found" | "empty";
  /** Whether plain text is ingested as well as PDF. core-kb conflict "media types". */
  readonly ragTakesPlainText: boolean;
  /** A blob that is neither PDF nor text. KBS-030. */
  readonly ragUnsupported: "refuse" | "as-text";
  /** A document without text. KBS-031. */
  readonly ragTextless: "refuse" | "succeed";
  /** Tokens per passage. KBS-038; M05 §3.1. */
  readonly ragChunkTokens: number;
  /** Tokens a passage shares with the one before. KBS-039. */
  readonly ragOverlapTokens: number;
  /** What makes a document known. KBS-034. */
  readonly ragSeenKey: (corpus: string, docCid: string) => string;
  /** Whether a repeat adds its passages again. KBS-032. */
  readonly ragRepeatIndexes: boolean;
  /** Whether a repeat is logged again. KBS-033. */
  readonly ragRepeatLogs: boolean;
  /** Whether an ingest is logged at all; otherwise its event id is invented. KBS-023. */
  readonly ragLogsIngest: boolean;
  /** Data of the event. KBS-024, KBS-025. */
  readonly ragEventData: (
    data: JsonObject,
    document: { readonly pages: number; readonly firstChunk: string },
  ) => JsonObject;
  /** `output` of an ingest. KBS-022. */
  readonly ragIngestOutput: (output: JsonObject) => JsonObject;
  /** Title kept for a document. KBS-036. */
  readonly ragTitle: (title: string | undefined, docCid: string) => string;

  /** Entries of rag.list_corpora. KBS-041. */
  readonly ragCorpora: (corpora: readonly JsonObject[]) => Json[];
  /** Whether the first list is repeated for ever. KBS-042. */
  readonly ragListFrozen: boolean;
  /** `language_majority` of the languages in the order of ingestion. KBS-043. */
  readonly ragMajority: (languages: readonly string[]) => string | null;

  /** Texts per call. EMB-009, EMB-010. */
  readonly embedMaxTexts: number;
  /** A longer list. EMB-010. */
  readonly embedOverTexts: "refuse" | "cut";
  /** Whether an empty list is answered. EMB-011. */
  readonly embedAllowsNone: boolean;
  /** Characters per text. EMB-012, EMB-013. */
  readonly embedMaxCharacters: number;
  /** How many texts are measured. EMB-012. */
  readonly embedMeasures: "all" | "first";
  /** Characters beyond which the model itself refuses; undefined: none. EMB-013. */
  readonly embedModelLimit: number | undefined;
  /** An element as text, undefined refuses. EMB-015. */
  readonly embedText: (element: Json) => string | undefined;
  /** Which offered model answers a request, undefined: not_found. EMB-014. */
  readonly embedModel: (requested: string, offered: readonly string[]) => string | undefined;
  /** `meta.model`. EMB-016. */
  readonly embedMetaModel: (requested: string) => string;
  /** Value of normalize when absent. EMB-003. */
  readonly embedNormalizeDefault: boolean;
  /** Scales a vector; `asked`: the request says so. EMB-004. */
  readonly embedNormalize: (vector: readonly number[], asked: boolean) => readonly number[];
  /** A vector as the model made it. EMB-005, EMB-006, EMB-008. */
  readonly embedVector: (
    vector: readonly number[],
    how: { readonly normalize: boolean; readonly random: Random },
  ) => readonly number[];
  /** Vectors in the order of the answer. EMB-007. */
  readonly embedOrder: (
    vectors: readonly (readonly number[])[],
    texts: readonly string[],
  ) => readonly (readonly number[])[];
  /** `output`. EMB-001, EMB-002. */
  readonly embedOutput: (output: JsonObject) => JsonObject;
}

const CORPUS_NAME = /^[a-z0-9-]{1,64}$/;

/** Scales to unit length; a zero vector stays. */
export function unitLength(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((x) => x / length);
}

/** The most frequent language; of equal ones the first. */
function majority(languages: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const language of languages) counts.set(language, (counts.get(language) ?? 0) + 1);
  let best: string | null = null;
  for (const [language, count] of counts) if (best === null || count > (counts.get(best) ?? 0)) best = language;
  return best;
}

export const kbRules: KbRules = {
  kbDescriptor: (descriptor) => descriptor,
  ragWithoutEmbedding: "partition",

  ragKDefault: 5,
  ragKMax: 20,
  ragKOver: "refuse",
  ragKAccepted: (k) => typeof k === "number" && Number.isInteger(k) && k >= 1,
  ragLimit: (k) => k,
  ragUnknownCorpus: "not_found",
  ragWithoutCorpus: "refuse",
  ragWithoutCorpusCode: "bad_request",
  ragQueryText: (query) => typeof query === "string" ? query : undefined,
  ragEmptyQueryCode: "bad_request",
  ragIncludeTextDefault: true,
  ragSendsText: (flag) => flag,
  ragLanguageMatches: (document, language) => document.language === language,
  ragYearMatches: (document, minYear) => document.year !== undefined && document.year >= minYear,
  ragNothingPassesCode: undefined,
  ragMetaCorpus: (corpus) => corpus,
  ragOrder: (passages) => passages,
  ragRank: (position) => position + 1,
  ragScore: (similarity) => similarity,
  ragHit: (hit) => hit,
  ragCorpusReadable: (corpus, level) => corpus !== "personal" || level === "self",
  ragUnreadableCode: "not_found",

  ragIngestRequires: ["doc_cid"],
  ragMissingMemberCode: "bad_request",
  ragCorpusName: (name) => CORPUS_NAME.test(name),
  ragCorpusWritable: (corpus, level) => corpus !== "system" && (corpus !== "personal" || level === "self"),
  ragTargetCorpus: (corpus) => corpus,
  ragUnresolved: "not_found",
  ragTakesPlainText: true,
  ragUnsupported: "refuse",
  ragTextless: "refuse",
  ragChunkTokens: 1000,
  ragOverlapTokens: 200,
  ragSeenKey: (corpus, docCid) => `${corpus} ${docCid}`,
  ragRepeatIndexes: false,
  ragRepeatLogs: false,
  ragLogsIngest: true,
  ragEventData: (data) => data,
  ragIngestOutput: (output) => output,
  ragTitle: (title) => title ?? "untitled",

  ragCorpora: (corpora) => [...corpora],
  ragListFrozen: false,
  ragMajority: majority,

  embedMaxTexts: 256,
  embedOverTexts: "refuse",
  embedAllowsNone: false,
  embedMaxCharacters: 8192,
  embedMeasures: "all",
  embedModelLimit: undefined,
  embedText: (element) => typeof element === "string" ? element : undefined,
  embedModel: (requested, offered) => offered.find((model) => model === requested),
  embedMetaModel: (requested) => requested,
  embedNormalizeDefault: true,
  embedNormalize: unitLength,
  embedVector: (vector) => vector,
  embedOrder: (vectors) => vectors,
  embedOutput: (output) => output,
};
