/** rag.query: the form of an answer, ranks and scores, the number of hits. */

import {
  equals,
  hasMediaType,
  hasMembers,
  holds,
  isArray,
  isInteger,
  isNumber,
  isRecord,
  isString,
  isText,
  matches,
  meta,
  of,
  output,
  refusedAsBadBody,
  refusedWith,
  status,
  succeeded,
} from "../../../src/check/mod.ts";
import { CID_PATTERN, type Json } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { about, ask, hits, identityOf, K_MAX, queryable } from "./helpers.ts";

/** Passages when k is absent (CONTRACT §4.4). */
const K_DEFAULT = 5;
/** A k well inside the limits that takes in whole small corpora. */
const K_MANY = 10;
/** Values that are no count. */
const NO_COUNTS: readonly Json[] = [0, -1, 2.5, "5"];

export const queryCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/kb/query-answer-form",
    requirement: "KBS-001",
    brokenBy: ["query-answers-bare-array"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const answer = await (await queryable(context)).ask();
      must.all(
        status(answer, 200),
        hasMediaType(answer, "application/json"),
        of(answer, isArray(must.get(output(answer)).chunks, "output.chunks")),
        of(answer, hasMembers(meta(answer), ["corpus", "ms", "embedding_model"], "meta")),
      );
    },
  }),
  defineCase({
    id: "core/kb/hit-members",
    requirement: "KBS-002",
    brokenBy: ["hit-without-document"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const answer = await (await queryable(context)).ask({ include_text: true });
      const found = must.get(hits(answer));
      must(of(answer, holds(found.length > 0, "hits", "none")));
      for (const hit of found) {
        const { doc_cid, doc_title, chunk_id } = about(hit);
        must.all(
          of(answer, isInteger(hit.rank, "rank")),
          of(answer, isNumber(hit.score, "score")),
          of(answer, isString(hit.text, "text")),
          of(answer, matches(doc_cid, CID_PATTERN, "metadata.doc_cid")),
          of(answer, isString(doc_title, "metadata.doc_title")),
          of(answer, holds(chunk_id !== undefined && chunk_id !== null, "metadata.chunk_id", chunk_id)),
        );
      }
    },
  }),
  defineCase({
    id: "core/kb/ranks",
    requirement: "KBS-003",
    brokenBy: ["ranks-from-zero"],
    effects: "writes",
    async run(context) {
      const answer = await (await queryable(context)).ask();
      const ranks = context.must.get(hits(answer)).map(({ rank }) => rank ?? null);
      context.must(of(answer, holds(ranks.length > 0, "hits", "none")));
      context.must(of(answer, equals(ranks, ranks.map((_, i) => i + 1), "the ranks")));
    },
  }),
  defineCase({
    id: "core/kb/scores-descend",
    requirement: "KBS-004",
    brokenBy: ["scores-are-distances"],
    effects: "writes",
    async run(context) {
      const answer = await (await queryable(context)).ask({ k: K_MANY });
      const scores = context.must.get(hits(answer)).map(({ score }) => Number(score));
      if (scores.length < 2) context.inconclusive("fewer than two hits");
      const rise = scores.findIndex((score, i) => score > (scores[i - 1] ?? Infinity));
      context.must(of(answer, holds(rise === -1, "scores that never increase", scores)));
    },
  }),
  defineCase({
    id: "core/kb/default-k",
    requirement: "KBS-005",
    brokenBy: ["ten-hits-by-default"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = await queryable(context);
      const answer = await corpus.ask();
      const found = must.get(hits(answer));
      must(of(answer, holds(found.length <= K_DEFAULT, `at most ${K_DEFAULT} hits`, found.length)));
      if ((corpus.chunks ?? 0) > K_DEFAULT) must(of(answer, equals(found.length, K_DEFAULT, "the number of hits")));
    },
  }),
  defineCase({
    id: "core/kb/explicit-k",
    requirement: "KBS-006",
    brokenBy: ["k-ignored"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = await queryable(context);
      for (const k of [1, 2, 7]) {
        const answer = await corpus.ask({ k });
        const found = must.get(hits(answer));
        must(of(answer, holds(found.length <= k, `at most ${k} hits`, found.length)));
        if (corpus.chunks === undefined) continue;
        must(of(answer, equals(found.length, Math.min(k, corpus.chunks), `the number of hits for k ${k}`)));
      }
    },
  }),
  defineCase({
    id: "core/kb/largest-k",
    requirement: "KBS-007",
    brokenBy: ["k-20-refused"],
    effects: "writes",
    async run(context) {
      context.must(succeeded(await (await queryable(context)).ask({ k: K_MAX })));
    },
  }),
  defineCase({
    id: "core/kb/k-above-largest",
    requirement: "KBS-008",
    brokenBy: ["k-clamped"],
    effects: "writes",
    async run(context) {
      const corpus = await queryable(context);
      for (const k of [K_MAX + 1, 1000]) context.must(refusedAsBadBody(await corpus.ask({ k })));
    },
  }),
  defineCase({
    id: "core/kb/k-that-is-no-count",
    requirement: "KBS-009",
    brokenBy: ["negative-k-returns-all"],
    effects: "writes",
    async run(context) {
      const corpus = await queryable(context);
      for (const k of NO_COUNTS) {
        const answer = await corpus.ask({ k });
        if (answer.status !== 200) {
          context.should(status(answer, 400));
          continue;
        }
        const found = context.should.get(hits(answer));
        context.should(of(answer, holds(found.length === 0, `400 or no hits for k ${k}`, `${found.length} hits`)));
      }
    },
  }),
  defineCase({
    id: "core/kb/unknown-corpus",
    requirement: "KBS-010",
    brokenBy: ["unknown-corpus-created"],
    effects: "none",
    async run(context) {
      const answer = await ask(context, `no-such-corpus-${context.random.word()}`, { query: "hearth" });
      context.must(refusedWith(answer, "not_found"));
    },
  }),
  defineCase({
    id: "core/kb/query-without-corpus",
    requirement: "KBS-011",
    brokenBy: ["all-corpora-searched"],
    effects: "none",
    async run(context) {
      const answer = await ask(context, undefined, { query: "hearth" });
      context.must(refusedWith(answer, "bad_request", "schema_mismatch", "not_found"));
    },
  }),
  defineCase({
    id: "core/kb/query-text-required",
    requirement: "KBS-012",
    brokenBy: ["missing-query-embedded"],
    effects: "writes",
    async run(context) {
      const { name } = await queryable(context);
      context.must(refusedAsBadBody(await ask(context, name, {})));
      context.must(refusedAsBadBody(await ask(context, name, { query: 7 })));
    },
  }),
  defineCase({
    id: "core/kb/empty-query",
    requirement: "KBS-013",
    brokenBy: ["empty-query-crashes"],
    effects: "writes",
    async run(context) {
      const { should } = context;
      const { name } = await queryable(context);
      for (const query of ["", "   "]) {
        const answer = await ask(context, name, { query });
        if (answer.status !== 200) {
          should(refusedAsBadBody(answer));
          continue;
        }
        const found = should.get(hits(answer));
        should(of(answer, holds(found.length === 0, "bad_request or no hits", `${found.length} hits`)));
      }
    },
  }),
  defineCase({
    id: "core/kb/text-by-default",
    requirement: "KBS-014",
    brokenBy: ["text-only-on-request"],
    effects: "writes",
    async run(context) {
      const answer = await (await queryable(context)).ask();
      const found = context.must.get(hits(answer));
      context.must(of(answer, holds(found.length > 0, "hits", "none")));
      for (const { text } of found) context.must(of(answer, isText(text, "text")));
    },
  }),
  defineCase({
    id: "core/kb/text-left-out",
    requirement: "KBS-015",
    brokenBy: ["include-text-ignored"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const answer = await (await queryable(context)).ask({ include_text: false });
      const found = must.get(hits(answer));
      must(of(answer, holds(found.length > 0, "hits", "none")));
      for (const hit of found) {
        must.all(
          of(answer, holds((hit.text ?? "") === "", "no text", hit.text)),
          of(answer, isInteger(hit.rank, "rank")),
          of(answer, isNumber(hit.score, "score")),
          of(answer, isRecord(hit.metadata, "metadata")),
        );
      }
    },
  }),
  defineCase({
    id: "core/kb/filter-that-matches-nothing",
    requirement: "KBS-018",
    brokenBy: ["empty-filter-result-not-found"],
    effects: "writes",
    async run(context) {
      const answer = await (await queryable(context)).ask({ filter: { min_year: 9000 } });
      context.must(of(answer, equals(context.must.get(output(answer)).chunks, [], "output.chunks")));
    },
  }),
  defineCase({
    id: "core/kb/query-meta",
    requirement: "KBS-019",
    brokenBy: ["meta-names-default-corpus"],
    effects: "writes",
    async run(context) {
      const corpus = await queryable(context);
      const answer = await corpus.ask();
      const { corpus: named, ms, embedding_model } = meta(answer);
      context.must.all(
        succeeded(answer),
        of(answer, equals(named, corpus.name, "meta.corpus")),
        of(answer, isNumber(ms, "meta.ms", 0)),
        of(answer, isText(embedding_model, "meta.embedding_model")),
      );
    },
  }),
  defineCase({
    id: "core/kb/query-repeats",
    requirement: "KBS-020",
    brokenBy: ["hits-shuffled"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = await queryable(context);
      const first = must.get(hits(await corpus.ask({ k: K_MANY }))).map(identityOf);
      for (let i = 0; i < 2; i++) {
        const answer = await corpus.ask({ k: K_MANY });
        must(of(answer, equals(must.get(hits(answer)).map(identityOf), first, "the hits in order")));
      }
    },
  }),
  defineCase({
    id: "core/kb/reading-needs-membership",
    requirement: "KBS-021",
    brokenBy: ["rag-query-open-to-strangers", "list-corpora-open-to-strangers"],
    effects: "none",
    async run({ target, actors, must }) {
      const stranger = actors.stranger();
      const query = { params: { corpus: "any" } };
      must(refusedWith(await target.call(stranger, "rag.query", { query: "hearth" }, query), "unauthorized"));
      if (target.advertised("rag.list_corpora") === undefined) return;
      must(refusedWith(await target.call(stranger, "rag.list_corpora", {}), "unauthorized"));
    },
  }),
  defineCase({
    id: "core/kb/no-hit-twice",
    requirement: "KBS-040",
    brokenBy: ["hits-doubled"],
    effects: "writes",
    async run(context) {
      const answer = await (await queryable(context)).ask({ k: K_MANY });
      const ids = context.must.get(hits(answer)).map(identityOf);
      context.must(of(answer, equals(ids, [...new Set(ids)], "the pairs of doc_cid and chunk_id")));
    },
  }),
];
