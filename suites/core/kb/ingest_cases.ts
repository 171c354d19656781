/** rag.ingest: answers, refusals, repeats, corpus names. */

import {
  describe,
  equals,
  errorCode,
  hasMembers,
  holds,
  isInteger,
  isNumber,
  isText,
  jsonObject,
  meta,
  of,
  refusedAsBadBody,
  refusedWith,
  succeeded,
} from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { blobBytes, corpusName, placeBlob, someBlob } from "../../../src/target/provisioning.ts";
import {
  about,
  ask,
  canIngest,
  documentsOf,
  hits,
  ingest,
  listed,
  mustIngest,
  page,
  placed,
  USUAL,
} from "./helpers.ts";

const NOISE_BYTES = 4096;
const LONGEST_NAME = 64;
const INGESTED = "rag.document.ingested";

/** A well-formed CID that nobody holds. */
function unknownCid(context: CaseContext): string {
  return `blake3:${context.random.bytes(32).toHex()}`;
}

/** docs and chunks of a corpus; zero where it is not listed. */
async function counters(context: CaseContext, corpus: string) {
  const entry = await listed(context, corpus);
  return { docs: entry?.docs ?? 0, chunks: entry?.chunks ?? 0 };
}

export const ingestCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/kb/ingest-answer",
    requirement: "KBS-022",
    brokenBy: ["ingest-counts-nothing"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = corpusName(context.target);
      const { docCid, answer, output } = await mustIngest(context, corpus, { pages: [page(context.random.word())] });
      must.all(
        of(answer, equals(output.doc_cid, docCid, "output.doc_cid")),
        of(answer, isInteger(output.chunks_indexed, "output.chunks_indexed", 1)),
        of(answer, isInteger(output.tokens_indexed, "output.tokens_indexed", 1)),
        of(answer, equals(meta(answer).corpus, corpus, "meta.corpus")),
        of(answer, isNumber(meta(answer).ms, "meta.ms", 0)),
        of(answer, hasMembers(meta(answer), ["ingest_event_id"], "meta")),
      );
    },
  }),
  defineCase({
    id: "core/kb/ingest-needs-trust",
    requirement: "KBS-027",
    brokenBy: ["rag-ingest-open-to-members"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const corpus = corpusName(target);
      const docCid = canIngest(context)
        ? (await placed(context, [page(context.random.word())])).docCid
        : (await someBlob(target, actors, 1)).cid;
      const counts = target.advertised("rag.list_corpora") !== undefined;
      const before = counts ? await counters(context, corpus) : undefined;
      const observer = await target.completeView([INGESTED]);
      const answer = await ingest(context, await actors.member("reader"), corpus, { doc_cid: docCid, ...USUAL });
      must(refusedWith(answer, "unauthorized"));
      if (counts) must(of(answer, equals(await counters(context, corpus), before, "the counters of the corpus")));
      const logged = (await observer?.events() ?? []).filter(({ data }) => data.corpus === corpus);
      must(of(answer, holds(logged.length === 0, "no event", logged)));
    },
  }),
  defineCase({
    id: "core/kb/ingest-of-unknown-blob",
    requirement: "KBS-028",
    brokenBy: ["unresolved-document-indexed"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const input = { doc_cid: unknownCid(context), ...USUAL };
      must(refusedWith(await ingest(context, await actors.trusted(), corpusName(target), input), "not_found"));
    },
  }),
  defineCase({
    id: "core/kb/ingest-without-doc-cid",
    requirement: "KBS-029",
    brokenBy: ["missing-doc-cid-crashes"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const input = { title: USUAL.title, language: USUAL.language };
      must(refusedAsBadBody(await ingest(context, await actors.trusted(), corpusName(target), input)));
    },
  }),
  defineCase({
    id: "core/kb/ingest-of-noise",
    requirement: "KBS-030",
    brokenBy: ["noise-indexed-as-text"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const librarian = await actors.trusted("librarian");
      const bytes = blobBytes(target, "noise", NOISE_BYTES);
      bytes.set(context.random.bytes(NOISE_BYTES));
      const { cid } = await placeBlob(target, librarian, bytes);
      must(refusedAsBadBody(await ingest(context, librarian, corpusName(target), { doc_cid: cid, ...USUAL })));
    },
  }),
  defineCase({
    id: "core/kb/ingest-of-textless-pdf",
    requirement: "KBS-031",
    brokenBy: ["textless-document-succeeds"],
    effects: "writes",
    async run(context) {
      const { target, should } = context;
      const { librarian, docCid } = await placed(context, [""]);
      const answer = await ingest(context, librarian, corpusName(target), { doc_cid: docCid, ...USUAL });
      should(refusedAsBadBody(answer));
      const refusal = should.get(jsonObject(answer));
      if (typeof refusal.message !== "string") context.note("the refusal has no message that could hint at ocr.pdf");
    },
  }),
  defineCase({
    id: "core/kb/ingest-again",
    requirement: "KBS-032",
    brokenBy: ["repeat-indexed-again"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = corpusName(context.target);
      const { docCid, librarian } = await mustIngest(context, corpus, { pages: [page(context.random.word())] });
      const before = await counters(context, corpus);
      const again = await ingest(context, librarian, corpus, { doc_cid: docCid, ...USUAL });
      must(succeeded(again));
      must(of(again, equals(await counters(context, corpus), before, "the counters of the corpus")));
    },
  }),
  defineCase({
    id: "core/kb/ingest-into-second-corpus",
    requirement: "KBS-034",
    brokenBy: ["documents-known-globally"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const word = context.random.word();
      const { docCid, librarian } = await mustIngest(context, corpusName(target, "a"), { pages: [page(word)] });
      const second = corpusName(target, "b");
      must(succeeded(await ingest(context, librarian, second, { doc_cid: docCid, ...USUAL })));
      const answer = await ask(context, second, { query: word });
      const found = documentsOf(must.get(hits(answer)));
      must(of(answer, holds(found.includes(docCid), `a hit of ${docCid} in the second corpus`, found)));
    },
  }),
  defineCase({
    id: "core/kb/corpus-names",
    requirement: "KBS-044",
    brokenBy: ["any-corpus-name"],
    effects: "writes",
    async run(context) {
      const { librarian, docCid } = await placed(context, [page(context.random.word())]);
      for (const name of ["Bad_Name", "../x", "", "a".repeat(LONGEST_NAME + 1)]) {
        context.must(refusedAsBadBody(await ingest(context, librarian, name, { doc_cid: docCid, ...USUAL })));
      }
    },
  }),
  defineCase({
    id: "core/kb/system-corpus-read-only",
    requirement: "KBS-046",
    brokenBy: ["reserved-corpora-writable"],
    effects: "harm",
    async run(context) {
      const { target, must } = context;
      const { librarian, docCid } = await placed(context, [page(context.random.word())]);
      const counts = target.advertised("rag.list_corpora") !== undefined;
      const before = counts ? await counters(context, "system") : undefined;
      const answer = await ingest(context, librarian, "system", { doc_cid: docCid, ...USUAL });
      must(refusedWith(answer, "unauthorized", "bad_request", "schema_mismatch"));
      if (counts) must(of(answer, equals(await counters(context, "system"), before, "the counters of system")));
    },
  }),
  defineCase({
    id: "core/kb/ingest-with-doc-cid-alone",
    requirement: "KBS-050",
    brokenBy: ["ingest-needs-metadata"],
    effects: "writes",
    async run(context) {
      const { librarian, docCid } = await placed(context, [page(context.random.word())]);
      context.should(succeeded(await ingest(context, librarian, corpusName(context.target), { doc_cid: docCid })));
    },
  }),
  defineCase({
    id: "core/kb/without-embedding-backend",
    requirement: "KBS-049",
    brokenBy: ["query-without-embedding"],
    effects: "harm",
    durable: true,
    async run(context) {
      const { target, should } = context;
      const corpus = corpusName(target);
      const word = context.random.word();
      const filled = canIngest(context) ? await mustIngest(context, corpus, { pages: [page(word)] }) : undefined;
      await target.provision({ backendFault: "absent" });
      const name = filled === undefined ? target.profile.adapter.corpora[0]?.name ?? corpus : corpus;
      const answer = await ask(context, name, { query: word });
      if (errorCode(answer) === "not_found") context.inconclusive("no corpus survives the loss of the backend");
      should(refusedWith(answer, "partition"));
      if (filled === undefined) return;
      const input = { doc_cid: filled.docCid, ...USUAL };
      should(refusedWith(await ingest(context, filled.librarian, corpusName(target), input), "partition"));
    },
  }),
  defineCase({
    id: "core/kb/hit-title",
    requirement: "KBS-036",
    brokenBy: ["cid-as-title"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = corpusName(context.target);
      const word = context.random.word();
      const title = `The tale of ${word}`;
      const { docCid } = await mustIngest(context, corpus, { pages: [page(word)], input: { title } });
      const answer = await ask(context, corpus, { query: word });
      const hit = must.get(hits(answer)).map(about).find(({ doc_cid }) => doc_cid === docCid);
      must(of(answer, holds(hit !== undefined, `a hit of ${docCid}`, describe(answer))));
      must(of(answer, isText(hit?.doc_title, "metadata.doc_title")));
      must(of(answer, equals(hit?.doc_title, title, "metadata.doc_title")));
    },
  }),
];
