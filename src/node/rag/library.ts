/** The knowledge base of a node: corpora, what was ingested, and its recovery from log and blobs. M05 §4. */

import { isCid, isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { onBehalfOf, optionalObject, optionalString } from "../capabilities/describe.ts";
import { type Call, type NodeCore, NodeError } from "../core.ts";
import { Corpora, type IndexedDocument, indexPassages, tokensOf } from "./corpora.ts";
import { extractPages } from "./extract.ts";
import { ownEvents } from "../own_events.ts";
import { cutPassages, type Page } from "./passages.ts";

/** What an ingest did. */
export interface Ingested {
  readonly chunks: number;
  readonly tokens: number;
  readonly eventId: string;
}

const INGESTED = "rag.document.ingested";

/** Corpora with their history. */
export class Library {
  readonly #corpora = new Corpora();
  readonly #seen = new Map<string, Ingested>();

  /** `created` is told each corpus that comes into being, so that it can be advertised. */
  constructor(private readonly core: NodeCore, private readonly created: (corpus: string) => void) {}

  corpora(): Corpora {
    return this.#corpora;
  }

  /** Reads back what this node ingested before it was last stopped. */
  restore(): void {
    if (!this.core.rules.corporaKept) return;
    for (const event of ownEvents(this.core, INGESTED)) {
      const { corpus, doc_cid: cid, title, language, metadata } = event.data;
      if (typeof corpus !== "string" || !isCid(cid)) continue;
      const bytes = this.core.blobs.read(cid);
      const pages = bytes && extractPages(bytes);
      if (bytes === undefined || pages === undefined) continue;
      this.#index(corpus, {
        docCid: cid,
        title: typeof title === "string" ? title : this.core.rules.ragTitle(undefined, cid),
        language: knownLanguage(language),
        year: yearOf(metadata),
        sizeBytes: bytes.length,
        eventId: event.event_id,
      }, pages);
    }
  }

  /** Adds a stored document to a corpus; a known one is left alone. @throws {NodeError} `bad_request`, `not_found`. */
  ingest(corpus: string, call: Call): Ingested {
    const { rules, log } = this.core;
    const { input } = call;
    for (const name of rules.ragIngestRequires) {
      if (input[name] === undefined) {
        throw new NodeError(rules.ragMissingMemberCode, `Cannot ingest: ${name} is missing`);
      }
    }
    const docCid = input.doc_cid;
    if (!isCid(docCid)) throw new NodeError("bad_request", "Cannot ingest: doc_cid is no content id");
    const title = optionalString(input, "title");
    const language = optionalString(input, "language");
    const metadata = optionalObject(input, "metadata");

    const bytes = this.core.blobs.read(docCid);
    if (bytes === undefined && rules.ragUnresolved === "not_found") {
      throw new NodeError("not_found", `Cannot ingest: ${docCid} is not stored here`);
    }
    const known = this.#seen.get(rules.ragSeenKey(corpus, docCid));
    if (known !== undefined && !rules.ragRepeatIndexes) {
      if (!rules.ragRepeatLogs) return known;
      const again = log.append(INGESTED, { corpus, doc_cid: docCid, chunks: known.chunks }, onBehalfOf(call));
      return { ...known, eventId: again.event_id };
    }
    const pages = this.#pages(bytes ?? new Uint8Array(0));
    const passages = cutPassages(pages, rules.ragChunkTokens, rules.ragOverlapTokens);
    const data: JsonObject = {
      corpus,
      doc_cid: docCid,
      title: rules.ragTitle(title, docCid),
      language: language ?? UNDETERMINED,
      chunks: passages.length,
      // Not among the documented members: filters need it again after a restart.
      ...metadata === undefined ? {} : { metadata },
    };
    const firstChunk = this.core.blobs.blob(docCid)?.chunks[0]?.cid ?? docCid;
    const logged = rules.ragEventData(data, { pages: pages.length, firstChunk });
    const eventId = !rules.ragLogsIngest
      ? this.core.ids.next()
      : known !== undefined && !rules.ragRepeatLogs
      ? known.eventId
      : log.append(INGESTED, logged, onBehalfOf(call)).event_id;
    return this.#index(rules.ragTargetCorpus(corpus), {
      docCid,
      title: rules.ragTitle(title, docCid),
      language,
      year: yearOf(metadata),
      sizeBytes: bytes?.length ?? 0,
      eventId,
    }, pages);
  }

  /** Pages with text. @throws {NodeError} `bad_request` if there are none. */
  #pages(bytes: Uint8Array): readonly Page[] {
    const { rules } = this.core;
    const pages = extractPages(bytes);
    const plain = pages?.every(({ number }) => number === undefined);
    if (pages === undefined || (plain && !rules.ragTakesPlainText)) {
      if (rules.ragUnsupported === "as-text") return [{ text: new TextDecoder().decode(bytes), number: undefined }];
      throw new NodeError("bad_request", "Cannot ingest: the blob is neither a PDF nor UTF-8 text");
    }
    if (pages.every(({ text }) => text.trim() === "") && rules.ragTextless === "refuse") {
      throw new NodeError("bad_request", "Cannot ingest: the document has no text layer; run ocr.pdf first");
    }
    return pages;
  }

  #index(corpus: string, about: Omit<IndexedDocument, "passages">, pages: readonly Page[]): Ingested {
    const { rules } = this.core;
    const passages = cutPassages(pages, rules.ragChunkTokens, rules.ragOverlapTokens);
    const isNew = !this.#corpora.has(corpus);
    this.#corpora.add(corpus, { ...about, passages: indexPassages(about.docCid, passages) });
    const result = { chunks: passages.length, tokens: tokensOf(passages), eventId: about.eventId };
    this.#seen.set(rules.ragSeenKey(corpus, about.docCid), result);
    if (isNew) this.created(corpus);
    return result;
  }
}

/** ISO 639 code for an unknown language; the event asks for a string. */
const UNDETERMINED = "und";

function knownLanguage(language: Json | undefined): string | undefined {
  return typeof language === "string" && language !== UNDETERMINED ? language : undefined;
}

function yearOf(metadata: Json | undefined): number | undefined {
  return isObject(metadata) && typeof metadata.year === "number" ? metadata.year : undefined;
}
