/** Corpora in memory: documents, their passages, and the search over them. M05 §3.2, §4. */

import { compareCodePoints, type JsonObject } from "../../protocol/mod.ts";
import type { FilteredDocument, KbRules, RankedPassage } from "../rules/kb.ts";
import { cosine, embed, words } from "./embedding.ts";
import { type Passage, tokenize } from "./passages.ts";

/** A document of a corpus. */
export interface IndexedDocument extends FilteredDocument {
  readonly docCid: string;
  readonly title: string;
  readonly sizeBytes: number;
  readonly eventId: string;
  readonly passages: readonly IndexedPassage[];
}

interface IndexedPassage {
  readonly chunkId: string;
  readonly passage: Passage;
  readonly counts: ReadonlyMap<string, number>;
  readonly vector: readonly number[];
}

/** Characters of the document's CID in a chunk id. */
const CHUNK_ID_DIGITS = 12;
const DIGITS_START = "blake3:".length;
/** Share of the score that comes from rare shared words; the rest is the cosine of the embeddings. */
const WORD_SHARE = 0.8;
/** Saturation of repeated words, as in BM25. */
const SATURATION = 1.2;

/** Prepares the passages of a document for search. */
export function indexPassages(docCid: string, passages: readonly Passage[]): readonly IndexedPassage[] {
  const prefix = docCid.slice(DIGITS_START, DIGITS_START + CHUNK_ID_DIGITS);
  return passages.map((passage, i) => {
    const counts = new Map<string, number>();
    for (const word of words(passage.text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return { chunkId: `${prefix}-${i + 1}`, passage, counts, vector: embed(passage.text) };
  });
}

/** Tokens of all passages, overlaps counted once each time they occur. */
export function tokensOf(passages: readonly Passage[]): number {
  return passages.reduce((sum, { text }) => sum + tokenize(text).length, 0);
}

/** All corpora of a node. */
export class Corpora {
  readonly #corpora = new Map<string, IndexedDocument[]>();

  has(corpus: string): boolean {
    return this.#corpora.has(corpus);
  }

  names(): readonly string[] {
    return [...this.#corpora.keys()].sort(compareCodePoints);
  }

  create(corpus: string): void {
    if (!this.#corpora.has(corpus)) this.#corpora.set(corpus, []);
  }

  add(corpus: string, document: IndexedDocument): void {
    this.create(corpus);
    this.#corpora.get(corpus)?.push(document);
  }

  documents(corpus: string): readonly IndexedDocument[] {
    return this.#corpora.get(corpus) ?? [];
  }

  /** Every passage of the documents, best first; equal ones in the order of their ids. */
  search(documents: readonly IndexedDocument[], query: string): RankedPassage[] {
    const all = documents.flatMap((document) => document.passages.map((indexed) => ({ document, indexed })));
    const asked = new Set(words(query));
    const rarity = new Map([...asked].map((word) => {
      const holding = all.filter(({ indexed }) => indexed.counts.has(word)).length;
      return [word, Math.log(1 + (all.length - holding + 0.5) / (holding + 0.5))];
    }));
    const total = [...rarity.values()].reduce((sum, x) => sum + x, 0);
    const vector = embed(query);
    return all.map(({ document, indexed }) => {
      let shared = 0;
      for (const [word, weight] of rarity) {
        const count = indexed.counts.get(word) ?? 0;
        shared += weight * count / (count + SATURATION);
      }
      const lexical = total === 0 ? 0 : shared / total;
      const similarity = WORD_SHARE * lexical + (1 - WORD_SHARE) * Math.max(0, cosine(vector, indexed.vector));
      return {
        docCid: document.docCid,
        docTitle: document.title,
        chunkId: indexed.chunkId,
        page: indexed.passage.page,
        text: indexed.passage.text,
        similarity,
      };
    }).sort((a, b) =>
      b.similarity - a.similarity || compareCodePoints(a.docCid, b.docCid) ||
      compareCodePoints(a.chunkId, b.chunkId)
    );
  }

  /** Entries of rag.list_corpora, by name. */
  summaries(rules: Pick<KbRules, "ragMajority">): JsonObject[] {
    return this.names().map((name) => {
      const documents = this.documents(name);
      const languages = documents.flatMap(({ language }) => language === undefined ? [] : [language]);
      return {
        name,
        docs: documents.length,
        chunks: documents.reduce((sum, { passages }) => sum + passages.length, 0),
        size_bytes: documents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        language_majority: rules.ragMajority(languages),
      };
    });
  }
}
