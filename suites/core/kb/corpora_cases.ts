/** rag.list_corpora, reserved corpora, advertisements of corpora. */

import {
  describe,
  equals,
  hasMembers,
  holds,
  isInteger,
  isNumber,
  isText,
  meta,
  of,
  refusedWith,
} from "../../../src/check/mod.ts";
import { isObject, type JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { corpusName, someCorpus } from "../../../src/target/provisioning.ts";
import {
  ask,
  canIngest,
  corpora,
  corporaOf,
  ingest,
  K_MAX,
  listed,
  mustIngest,
  page,
  placed,
  USUAL,
} from "./helpers.ts";

const PERSONAL = "personal";
/** Milliseconds until a new corpus is advertised: manifests are republished every 20 s (wire-format.md section 19). */
const REPUBLISH_MS = 22_000;
const LOOK_EVERY_MS = 500;
/** Advertised corpora that are queried. */
const MAX_QUERIED = 5;

/** `params` of the rag.query entries in the current manifest. */
async function entries({ target }: CaseContext): Promise<readonly JsonObject[]> {
  const capabilities: readonly unknown[] = (await target.readManifest())?.capabilities ?? [];
  return capabilities.filter((entry) => isObject(entry)).filter(({ name }) => name === "rag.query")
    .map(({ params }) => isObject(params) ? params : {});
}

/** Whether an entry is that of a corpus, or lists it among others. */
function names(params: JsonObject, corpus: string): boolean {
  return Object.values(params).some((value) => value === corpus || (Array.isArray(value) && value.includes(corpus)));
}

export const corporaCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/kb/list-corpora-form",
    requirement: "KBS-041",
    brokenBy: ["corpora-as-bare-names"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      if (canIngest(context)) await someCorpus(target, actors);
      const answer = await target.call(await actors.member(), "rag.list_corpora", {});
      for (const entry of must.get(corporaOf(answer))) {
        must.all(
          of(answer, isText(entry.name, "name")),
          of(answer, isInteger(entry.docs, "docs", 0)),
          of(answer, isInteger(entry.chunks, "chunks", 0)),
          of(answer, isInteger(entry.size_bytes, "size_bytes", 0)),
          of(answer, hasMembers(entry, ["language_majority"], "an entry")),
        );
        const { language_majority: language } = entry;
        must(of(answer, holds(language === null || typeof language === "string", "a language or null", language)));
      }
      must(of(answer, isNumber(meta(answer).ms, "meta.ms", 0)));
    },
  }),
  defineCase({
    id: "core/kb/counters-follow-ingests",
    requirement: "KBS-042",
    brokenBy: ["corpora-listed-once"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const corpus = corpusName(context.target);
      await mustIngest(context, corpus, { pages: [page(context.random.word())] });
      const before = await listed(context, corpus);
      const { answer, output } = await mustIngest(context, corpus, { pages: [page(context.random.word())] });
      const after = await listed(context, corpus);
      must.all(
        of(answer, equals(after?.docs, Number(before?.docs ?? 0) + 1, "docs")),
        of(answer, equals(after?.chunks, Number(before?.chunks ?? 0) + Number(output.chunks_indexed), "chunks")),
      );
    },
  }),
  defineCase({
    id: "core/kb/majority-language",
    requirement: "KBS-043",
    brokenBy: ["latest-language-reported"],
    effects: "writes",
    async run(context) {
      const corpus = corpusName(context.target);
      for (const language of ["nl", "nl", "de"]) {
        await mustIngest(context, corpus, { pages: [page(context.random.word())], input: { language } });
      }
      context.should(equals((await listed(context, corpus))?.language_majority, "nl", "language_majority"));
    },
  }),
  defineCase({
    id: "core/kb/personal-corpus-is-local",
    requirement: "KBS-045",
    brokenBy: ["personal-corpus-served", "personal-corpus-advertised"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      if (target.profile.self && canIngest(context)) {
        const { docCid } = await placed(context, [page(context.random.word())]);
        const answer = await ingest(context, actors.self(), PERSONAL, { doc_cid: docCid, ...USUAL });
        if (answer.status !== 200) context.note(`the personal corpus takes no document: ${describe(answer)}`);
      }
      const advertised = (await entries(context)).filter((params) => names(params, PERSONAL));
      must.hold(advertised.length === 0, "no entry for the personal corpus", advertised);
      must(refusedWith(await ask(context, PERSONAL, { query: "hearth" }), "not_found", "unauthorized"));
    },
  }),
  defineCase({
    id: "core/kb/corpora-advertised",
    requirement: "KBS-047",
    brokenBy: ["lost-corpus-advertised", "k-max-advertised-wrong"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      if (canIngest(context)) await someCorpus(target, actors);
      const held = (await corpora(context)).map(({ name }) => String(name)).filter((name) => name !== PERSONAL);
      if (held.length === 0) context.skip("the node has no corpus");
      const missing = (found: readonly JsonObject[]) => held.filter((name) => !found.some((p) => names(p, name)));
      const found = await context.until(
        async () => {
          const current = await entries(context);
          return missing(current).length === 0 ? current : undefined;
        },
        REPUBLISH_MS,
        LOOK_EVERY_MS,
      ) ?? await entries(context);
      should(equals(missing(found), [], "the corpora that are not advertised"));
      for (const params of found.filter((entry) => held.some((name) => names(entry, name)))) {
        should.all(
          isText(params.embedding_model, "params.embedding_model"),
          equals(params.k_max, K_MAX, "params.k_max"),
        );
      }
      const advertised = found.map(({ corpus }) => corpus).filter((name) => typeof name === "string")
        .filter((name) => name !== PERSONAL);
      for (const name of [...new Set(advertised)].slice(-MAX_QUERIED)) {
        const answer = await ask(context, name, { query: "hearth" });
        should(
          of(answer, holds(answer.status !== 404, `an answer of the advertised corpus ${name}`, describe(answer))),
        );
      }
    },
  }),
];
