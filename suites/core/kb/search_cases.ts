/** What was ingested can be found: filters, rare words, pages, passages. */

import { describe, equals, holds, isInteger, of } from "../../../src/check/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { corpusName } from "../../../src/target/provisioning.ts";
import { about, ask, documentsOf, hits, K_MAX, mustIngest, page } from "./helpers.ts";

/** Words of the long document of KBS-038, and passages it gives at least. */
const LONG_WORDS = 5000;
const LONG_PASSAGES = 3;
/** Words of the document of KBS-039: some passages of about 1000 tokens, and all of them within k. */
const SEAM_WORDS = 2500;

/** `w0001 w0002 …`. */
function numberedWords(count: number): string {
  return Array.from({ length: count }, (_, i) => `w${String(i + 1).padStart(4, "0")}`).join(" ");
}

/** Lowest and highest numbered word of a passage. */
function rangeOf(text: unknown): { readonly from: number; readonly to: number } | undefined {
  const numbers = [...String(text).matchAll(/w(\d{4})/g)].map(([, digits]) => Number(digits));
  return numbers.length === 0 ? undefined : { from: Math.min(...numbers), to: Math.max(...numbers) };
}

export const searchCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/kb/language-filter",
    requirement: "KBS-016",
    brokenBy: ["language-filter-dropped"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = corpusName(context.target);
      const word = context.random.word();
      await mustIngest(context, corpus, { pages: [`${page(word)} eins`], input: { language: "de" } });
      const dutch = await mustIngest(context, corpus, { pages: [`${page(word)} een`], input: { language: "nl" } });
      const answer = await ask(context, corpus, { query: word, filter: { language: "nl" } });
      must(of(answer, equals(documentsOf(must.get(hits(answer))), [dutch.docCid], "the documents of the hits")));
    },
  }),
  defineCase({
    id: "core/kb/year-filter",
    requirement: "KBS-017",
    brokenBy: ["min-year-as-equality"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = corpusName(context.target);
      const word = context.random.word();
      const dated = (year: number) => ({
        pages: [`${page(word)} ${year}`],
        input: { metadata: { author: "hearthproof", year } },
      });
      await mustIngest(context, corpus, dated(1990));
      const newer = await mustIngest(context, corpus, dated(2015));
      const answer = await ask(context, corpus, { query: word, filter: { min_year: 2000 } });
      must(of(answer, equals(documentsOf(must.get(hits(answer))), [newer.docCid], "the documents of the hits")));
    },
  }),
  defineCase({
    id: "core/kb/ingested-is-found",
    requirement: "KBS-035",
    brokenBy: ["indexed-in-other-collection"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = corpusName(context.target);
      const word = context.random.word();
      const { docCid } = await mustIngest(context, corpus, { pages: [page(word)] });
      await mustIngest(context, corpus, { pages: [page(context.random.word())] });
      const answer = await ask(context, corpus, { query: `where is ${word} named`, k: 5 });
      const found = documentsOf(must.get(hits(answer)));
      must(of(answer, holds(found.includes(docCid), `a hit of ${docCid}`, found)));
    },
  }),
  defineCase({
    id: "core/kb/hit-page",
    requirement: "KBS-037",
    brokenBy: ["every-hit-on-page-one"],
    effects: "writes",
    async run(context) {
      const { should } = context;
      const corpus = corpusName(context.target);
      const words = [context.random.word(10), context.random.word(10), context.random.word(10)];
      await mustIngest(context, corpus, { pages: words.map(page) });
      for (const [i, word] of words.entries()) {
        const answer = await ask(context, corpus, { query: word });
        const [top] = should.get(hits(answer));
        should(of(answer, holds(top !== undefined, "a hit", describe(answer))));
        should(of(answer, equals(about(top ?? {}).page, i + 1, `metadata.page of the word on page ${i + 1}`)));
      }
    },
  }),
  defineCase({
    id: "core/kb/long-text-split",
    requirement: "KBS-038",
    brokenBy: ["document-in-one-passage"],
    effects: "writes",
    async run(context) {
      const text = `${context.random.word()} ${numberedWords(LONG_WORDS)}`;
      const { answer, output } = await mustIngest(context, corpusName(context.target), { pages: [text] });
      context.must(of(answer, isInteger(output.chunks_indexed, "output.chunks_indexed", LONG_PASSAGES)));
    },
  }),
  defineCase({
    id: "core/kb/passages-overlap",
    requirement: "KBS-039",
    brokenBy: ["passages-without-overlap"],
    effects: "writes",
    async run(context) {
      const { should } = context;
      const corpus = corpusName(context.target);
      await mustIngest(context, corpus, { pages: [`${context.random.word()} ${numberedWords(SEAM_WORDS)}`] });
      const answer = await ask(context, corpus, { query: "w0001 w1000 w2000", k: K_MAX, include_text: true });
      const ranges = should.get(hits(answer)).map(({ text }) => rangeOf(text)).filter((range) => range !== undefined)
        .sort((a, b) => a.from - b.from);
      if (ranges.length < 2) context.inconclusive("the text was not split");
      if (ranges.length >= K_MAX) context.inconclusive("there may be more passages than hits");
      const gap = ranges.findIndex(({ from }, i) => from > (ranges[i - 1]?.to ?? Infinity));
      should(of(answer, holds(gap === -1, "neighbouring passages that share words", ranges)));
    },
  }),
];
