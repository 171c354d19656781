/** rag.query, rag.ingest, rag.list_corpora. CONTRACT §4.4 to §4.6; M05. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { type Call, type CapabilityDescriptor, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import type { IndexedDocument } from "../rag/corpora.ts";
import { EMBEDDING_MODEL } from "../rag/embedding.ts";
import { Library } from "../rag/library.ts";
import type { RankedPassage } from "../rules/kb.ts";
import { embeddingBackend } from "./backend.ts";
import {
  badRequest,
  describe,
  optionalBoolean,
  optionalObject,
  requestSchema,
  responseSchema,
  shown,
} from "./describe.ts";

const PRIVATE_CORPUS = "personal";

/** Registers the rag family; each corpus gets an entry of rag.query of its own (M05 §3.5). */
export function registerRag(core: NodeCore): void {
  const register = (descriptor: CapabilityDescriptor, handler: (call: Call) => UnaryResult | Promise<UnaryResult>) =>
    core.bus.register(core.rules.kbDescriptor(descriptor), handler);
  const library = new Library(core, (corpus) => {
    if (corpus === PRIVATE_CORPUS) return;
    register(queryDescriptor(core, corpus), (call) => query(core, library, call));
    if (running) core.manifest.renew();
  });
  let running = false;
  let frozen: Json[] | undefined;

  register(queryDescriptor(core), (call) => query(core, library, call));
  library.restore();
  running = true;
  register(
    describe({
      name: "rag.ingest",
      trust: "trusted",
      request_schema: requestSchema({ corpus: "name" }, {
        doc_cid: "content id of a stored blob",
        title: "title",
        language: "ISO 639 code",
        metadata: "author, year and others",
      }),
      response_schema: responseSchema({ doc_cid: "as asked", chunks_indexed: "count", tokens_indexed: "count" }),
    }),
    (call) => ingest(core, library, call),
  );
  register(
    describe({
      name: "rag.list_corpora",
      request_schema: requestSchema({}, {}),
      response_schema: responseSchema({ corpora: "list of {name, docs, chunks, size_bytes, language_majority}" }),
    }),
    (call) => {
      const visible = library.corpora().summaries(core.rules).filter(({ name }) =>
        core.rules.ragCorpusReadable(name as string, call.level)
      );
      const corpora = core.rules.ragCorpora(visible);
      frozen ??= corpora;
      return { output: { corpora: core.rules.ragListFrozen ? frozen : corpora } };
    },
  );
}

function queryDescriptor(core: NodeCore, corpus?: string): CapabilityDescriptor {
  return describe({
    name: "rag.query",
    params: {
      ...corpus === undefined ? {} : { corpus },
      embedding_model: EMBEDDING_MODEL,
      k_max: core.rules.ragKMax,
    },
    request_schema: requestSchema({ corpus: "name" }, {
      query: "text",
      k: "passages",
      filter: "language, min_year",
      include_text: "whether passages carry their text",
    }),
    response_schema: responseSchema({ chunks: "list of {rank, score, text, metadata}" }),
  });
}

async function query(core: NodeCore, library: Library, call: Call): Promise<UnaryResult> {
  const { rules } = core;
  const { corpus } = call.params;
  const corpora = library.corpora();
  const named = typeof corpus === "string" ? corpus : "";
  if (corpus === undefined ? rules.ragWithoutCorpus === "refuse" : typeof corpus !== "string") {
    throw new NodeError(rules.ragWithoutCorpusCode, `Cannot query: params.corpus is ${shown(corpus)}`);
  }
  const text = rules.ragQueryText(call.input.query);
  if (text === undefined) throw badRequest(`Cannot query: query is ${shown(call.input.query)}`);
  const empty = text.trim() === "";
  if (empty && rules.ragEmptyQueryCode !== undefined) {
    throw new NodeError(rules.ragEmptyQueryCode, "Cannot query: query is empty");
  }
  const k = readK(core, call.input.k);
  const includeText = optionalBoolean(call.input, "include_text", rules.ragIncludeTextDefault);
  const passes = readFilter(core, call.input);

  if (!rules.ragCorpusReadable(named, call.level)) {
    throw new NodeError(rules.ragUnreadableCode, `Cannot query: no corpus ${shown(named)}`);
  }
  if (corpus !== undefined && !corpora.has(named)) {
    if (rules.ragUnknownCorpus === "not_found") {
      throw new NodeError("not_found", `Cannot query: no corpus ${shown(named)}`);
    }
    corpora.create(named);
  }
  const documents = (corpus === undefined ? corpora.names() : [named]).flatMap((name) => corpora.documents(name));
  const passing = documents.filter(passes);
  if (passing.length === 0 && documents.length > 0 && rules.ragNothingPassesCode !== undefined) {
    throw new NodeError(rules.ragNothingPassesCode, "Cannot query: no document passes the filter");
  }
  if (rules.ragWithoutEmbedding === "partition") await embeddingBackend(core, call);
  const found = empty ? [] : rules.ragOrder(corpora.search(passing, text), core.random);
  const chunks = found.slice(0, Math.max(0, rules.ragLimit(k, found.length))).map((passage, position) =>
    hit(core, passage, position, rules.ragSendsText(includeText))
  );
  return { output: { chunks }, meta: { corpus: rules.ragMetaCorpus(named), embedding_model: EMBEDDING_MODEL } };
}

function hit({ rules }: NodeCore, passage: RankedPassage, position: number, withText: boolean): JsonObject {
  const { docCid, docTitle, chunkId, page, text, similarity } = passage;
  return rules.ragHit({
    rank: rules.ragRank(position),
    score: rules.ragScore(similarity),
    ...withText ? { text } : {},
    metadata: { doc_cid: docCid, doc_title: docTitle, chunk_id: chunkId, ...page === undefined ? {} : { page } },
  }, passage);
}

function readK({ rules }: NodeCore, given: Json | undefined): number {
  if (given === undefined || given === null) return rules.ragKDefault;
  if (!rules.ragKAccepted(given)) throw badRequest(`Cannot query: k is ${shown(given)}`);
  const k = Number(given);
  if (k <= rules.ragKMax) return k;
  if (rules.ragKOver === "clamp") return rules.ragKMax;
  throw badRequest(`Cannot query: k is ${k}, at most ${rules.ragKMax}`);
}

/** Only `language` and `min_year` are documented; other keys are ignored. */
function readFilter({ rules }: NodeCore, input: JsonObject): (document: IndexedDocument) => boolean {
  const filter = optionalObject(input, "filter") ?? {};
  const { language, min_year: minYear } = filter;
  if (language !== undefined && typeof language !== "string") {
    throw badRequest(`Cannot query: filter.language is ${shown(language)}`);
  }
  if (minYear !== undefined && typeof minYear !== "number") {
    throw badRequest(`Cannot query: filter.min_year is ${shown(minYear)}`);
  }
  return (document) =>
    (language === undefined || rules.ragLanguageMatches(document, language)) &&
    (minYear === undefined || rules.ragYearMatches(document, minYear));
}

async function ingest(core: NodeCore, library: Library, call: Call): Promise<UnaryResult> {
  const { rules } = core;
  const { corpus } = call.params;
  if (typeof corpus !== "string" || !rules.ragCorpusName(corpus)) {
    throw badRequest(`Cannot ingest: params.corpus is ${shown(corpus)}`);
  }
  if (!rules.ragCorpusWritable(corpus, call.level)) {
    throw new NodeError("unauthorized", `Cannot ingest: corpus ${corpus} takes no documents from callers`);
  }
  if (!isObject(call.input)) throw badRequest("Cannot ingest: input is missing");
  if (rules.ragWithoutEmbedding === "partition") await embeddingBackend(core, call);
  const { chunks, tokens, eventId } = library.ingest(corpus, call);
  const output = { doc_cid: call.input.doc_cid as string, chunks_indexed: chunks, tokens_indexed: tokens };
  return { output: rules.ragIngestOutput(output), meta: { corpus, ingest_event_id: eventId } };
}
