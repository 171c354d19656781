/** Corpora, documents and queries as cases use them. */

import { type AnswerView, type Checked, describe, output } from "../../../src/check/mod.ts";
import { isObject, type Json, type JsonObject } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { advertised } from "../../../src/target/profile.ts";
import { type KnownCorpus, placeBlob, someCorpus } from "../../../src/target/provisioning.ts";
import { textPdf } from "../../../src/target/text_pdf.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** The largest k (CONTRACT §4.4). */
export const K_MAX = 20;
/** Words of a plain document. */
const BODY = "the hearth keeps embers under ash until morning while the kettle waits on its hook";

/** Whether the tester can put and ingest documents of its own. */
export function canIngest({ target }: CaseContext): boolean {
  const { profile } = target;
  return ["file.put", "rag.ingest"].every((name) => advertised(profile, name) !== undefined) &&
    profile.identities.trusted > 0;
}

/** rag.query as a member. */
export async function ask(
  { target, actors }: CaseContext,
  corpus: string | undefined,
  input: JsonObject,
): Promise<HttpAnswer> {
  const params: JsonObject = corpus === undefined ? {} : { corpus };
  return await target.call(await actors.member(), "rag.query", input, { params });
}

/** A corpus with passages, and a query on it with further input. */
export async function queryable(context: CaseContext): Promise<
  KnownCorpus & { readonly ask: (input?: JsonObject) => Promise<HttpAnswer> }
> {
  const corpus = await someCorpus(context.target, context.actors);
  return { ...corpus, ask: (input = {}) => ask(context, corpus.name, { query: corpus.query, ...input }) };
}

/** `output.chunks` of a query: objects only. */
export function hits(answer: AnswerView): Checked<readonly JsonObject[]> {
  const checked = output(answer);
  if ("difference" in checked) return checked;
  const { chunks } = checked.value;
  if (Array.isArray(chunks) && chunks.every((chunk) => isObject(chunk))) return { value: chunks as JsonObject[] };
  return {
    difference: { expected: "an array of objects chunks", observed: describe(answer), exchange: answer.exchange },
  };
}

/** `metadata` of a hit. */
export function about(hit: JsonObject): JsonObject {
  return isObject(hit.metadata) ? hit.metadata : {};
}

/** Documents the hits belong to, each once. */
export function documentsOf(found: readonly JsonObject[]): readonly Json[] {
  return [...new Set(found.map((hit) => about(hit).doc_cid ?? null))];
}

/** What tells hits apart. */
export function identityOf(hit: JsonObject): string {
  const { doc_cid, chunk_id } = about(hit);
  return `${doc_cid} ${chunk_id}`;
}

/** A document to ingest; `text` stands on one page. */
export interface Draft {
  readonly pages: readonly string[];
  readonly input?: JsonObject;
}

/** A page of ordinary words with one made-up word. */
export function page(rareWord: string): string {
  return `${BODY} and ${rareWord} is named here once more ${rareWord}`;
}

/** Puts a PDF as a trusted member; its pages differ from those of every other session. */
export async function placed(context: CaseContext, pages: readonly string[]): Promise<{
  readonly librarian: Actor;
  readonly docCid: string;
}> {
  const { target, actors } = context;
  const librarian = await actors.trusted("librarian");
  return { librarian, docCid: (await placeBlob(target, librarian, textPdf(pages))).cid };
}

/** rag.ingest, whatever it answers. */
export async function ingest(
  { target }: CaseContext,
  caller: Actor,
  corpus: string,
  input: JsonObject,
): Promise<HttpAnswer> {
  return await target.call(caller, "rag.ingest", input, { params: { corpus } });
}

/** Title, language and metadata of an ingest that means nothing special by them. */
export const USUAL = { title: "Winter evenings", language: "en", metadata: { author: "hearthproof", year: 2020 } };

/** A document that was ingested. */
export interface Ingested {
  readonly docCid: string;
  readonly librarian: Actor;
  readonly answer: HttpAnswer;
  readonly output: JsonObject;
}

/** Puts and ingests a PDF; a refusal is a violation. */
export async function mustIngest(context: CaseContext, corpus: string, draft: Draft): Promise<Ingested> {
  const { docCid, librarian } = await placed(context, draft.pages);
  const answer = await ingest(context, librarian, corpus, { doc_cid: docCid, ...USUAL, ...draft.input });
  return { docCid, librarian, answer, output: context.must.get(output(answer)) };
}

/** The entry of a corpus in rag.list_corpora; undefined where it is not listed. */
export async function listed(context: CaseContext, corpus: string): Promise<JsonObject | undefined> {
  return (await corpora(context)).find(({ name }) => name === corpus);
}

/** The entries of rag.list_corpora; another form is a violation. */
export async function corpora({ target, actors, must }: CaseContext): Promise<readonly JsonObject[]> {
  return must.get(corporaOf(await target.call(await actors.member(), "rag.list_corpora", {})));
}

/** `output.corpora`: objects only. */
export function corporaOf(answer: AnswerView): Checked<readonly JsonObject[]> {
  const checked = output(answer);
  if ("difference" in checked) return checked;
  const { corpora } = checked.value;
  if (Array.isArray(corpora) && corpora.every((entry) => isObject(entry))) return { value: corpora as JsonObject[] };
  return {
    difference: { expected: "an array of objects corpora", observed: describe(answer), exchange: answer.exchange },
  };
}
