/** Faults of the reference node: queries, lists and advertisements of corpora. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import { soundRules } from "../rules.ts";
import { asksFor } from "./files_read.ts";

const METADATA = "metadata";

const withMetadata = (hit: JsonObject, change: (metadata: JsonObject) => JsonObject): JsonObject => ({
  ...hit,
  [METADATA]: change(isObject(hit[METADATA]) ? hit[METADATA] : {}),
});

/** Changes the rag.query entries of the node manifest. */
const inManifest = (change: (entries: readonly JsonObject[]) => readonly JsonObject[]) =>
(
  kind: string,
  value: JsonObject,
): JsonObject => {
  if (kind !== "node-manifest" || !Array.isArray(value.capabilities)) return value;
  const entries = value.capabilities.filter((entry) => isObject(entry));
  const isQuery = (entry: JsonObject) => entry.name === "rag.query";
  return { ...value, capabilities: [...entries.filter((e) => !isQuery(e)), ...change(entries.filter(isQuery))] };
};

const alsoFor = (corpus: string) =>
  inManifest((entries) => {
    const [first] = entries;
    if (first === undefined) return entries;
    return [...entries, { ...first, params: { ...isObject(first.params) ? first.params : {}, corpus } }];
  });

export const kbQueryFaults = faults({
  "query-answers-bare-array": {
    breaks: [
      "KBS-001",
      "KBS-002",
      "KBS-003",
      "KBS-004",
      "KBS-005",
      "KBS-006",
      "KBS-014",
      "KBS-015",
      "KBS-016",
      "KBS-017",
      "KBS-018",
      "KBS-019",
      "KBS-020",
      "KBS-034",
      "KBS-035",
      "KBS-036",
      "KBS-037",
      "KBS-039",
      "KBS-040",
    ],
    outbound: (answer) => {
      if (answer.capability !== "rag.query" || !isObject(answer.body) || !isObject(answer.body.output)) return answer;
      return { ...answer, body: JSON.stringify(answer.body.output.chunks) };
    },
  },
  "hit-without-document": {
    breaks: ["KBS-002", "KBS-016", "KBS-017", "KBS-034", "KBS-035", "KBS-036"],
    rules: { ragHit: (hit) => withMetadata(hit, ({ doc_cid: _, ...rest }) => rest) },
  },
  "ranks-from-zero": {
    breaks: ["KBS-003"],
    rules: { ragRank: (position) => position },
  },
  "scores-are-distances": {
    breaks: ["KBS-004"],
    rules: { ragScore: (similarity) => 1 - similarity },
  },
  "ten-hits-by-default": {
    breaks: ["KBS-005"],
    rules: { ragKDefault: 10 },
  },
  "k-ignored": {
    breaks: ["KBS-006"],
    rules: { ragLimit: () => soundRules.ragKDefault },
  },
  "k-20-refused": {
    breaks: ["KBS-007", "KBS-039"],
    rules: { ragKAccepted: (k) => soundRules.ragKAccepted(k) && Number(k) !== soundRules.ragKMax },
  },
  "k-clamped": {
    breaks: ["KBS-008"],
    rules: { ragKOver: "clamp" },
  },
  "negative-k-returns-all": {
    breaks: ["KBS-009"],
    rules: {
      ragKAccepted: (k) => soundRules.ragKAccepted(k) || k === -1,
      ragLimit: (k, held) => k < 0 ? held : k,
    },
  },
  "unknown-corpus-created": {
    breaks: ["KBS-010"],
    rules: { ragUnknownCorpus: "create" },
  },
  "all-corpora-searched": {
    breaks: ["KBS-011"],
    rules: { ragWithoutCorpus: "all" },
  },
  "missing-query-embedded": {
    breaks: ["KBS-012", "BUS-023", "BUS-024"],
    rules: { ragQueryText: (query: Json | undefined) => String(query ?? "None") },
  },
  "empty-query-crashes": {
    breaks: ["KBS-013"],
    rules: { ragEmptyQueryCode: "internal_error" },
  },
  "text-only-on-request": {
    breaks: ["KBS-014"],
    rules: { ragIncludeTextDefault: false },
  },
  "include-text-ignored": {
    breaks: ["KBS-015"],
    rules: { ragSendsText: () => true },
  },
  "language-filter-dropped": {
    breaks: ["KBS-016"],
    rules: { ragLanguageMatches: () => true },
  },
  "min-year-as-equality": {
    breaks: ["KBS-017"],
    rules: { ragYearMatches: ({ year }, minYear) => year === minYear },
  },
  "empty-filter-result-not-found": {
    breaks: ["KBS-018"],
    rules: { ragNothingPassesCode: "not_found" },
  },
  "meta-names-default-corpus": {
    breaks: ["KBS-019"],
    rules: { ragMetaCorpus: () => "default" },
  },
  "hits-shuffled": {
    breaks: ["KBS-004", "KBS-020", "KBS-037"],
    rules: { ragOrder: (passages, random) => passages.toSorted(() => random.unit() - 0.5) },
  },
  "rag-query-open-to-strangers": {
    breaks: ["KBS-021"],
    rules: { kbDescriptor: asksFor("rag.query", "unknown") },
  },
  "list-corpora-open-to-strangers": {
    breaks: ["KBS-021", "IDN-038", "EVT-028"],
    rules: { kbDescriptor: asksFor("rag.list_corpora", "unknown") },
  },
  "cid-as-title": {
    breaks: ["KBS-024", "KBS-036"],
    rules: { ragTitle: (_, docCid) => docCid },
  },
  "every-hit-on-page-one": {
    breaks: ["KBS-037"],
    rules: { ragHit: (hit) => withMetadata(hit, (metadata) => ({ ...metadata, page: 1 })) },
  },
  "hits-doubled": {
    breaks: ["KBS-040"],
    rules: { ragOrder: (passages) => passages.flatMap((passage) => [passage, passage]) },
  },
  "corpora-as-bare-names": {
    breaks: ["KBS-032", "KBS-041", "KBS-042", "KBS-043", "KBS-047"],
    rules: { ragCorpora: (corpora) => corpora.map(({ name }) => name ?? "") },
  },
  "corpora-listed-once": {
    breaks: ["KBS-042"],
    rules: { ragListFrozen: true },
  },
  "latest-language-reported": {
    breaks: ["KBS-043"],
    rules: { ragMajority: (languages) => languages.at(-1) ?? null },
  },
  "personal-corpus-served": {
    breaks: ["KBS-045"],
    rules: { ragCorpusReadable: () => true },
  },
  "personal-corpus-advertised": {
    breaks: ["KBS-045"],
    document: alsoFor("personal"),
  },
  "lost-corpus-advertised": {
    breaks: ["KBS-047"],
    document: alsoFor("corpus-of-last-year"),
  },
  "k-max-advertised-wrong": {
    breaks: ["KBS-047"],
    document: inManifest((entries) =>
      entries.map((entry) => ({ ...entry, params: { ...isObject(entry.params) ? entry.params : {}, k_max: 50 } }))
    ),
  },
  "query-without-embedding": {
    breaks: ["KBS-049"],
    rules: { ragWithoutEmbedding: "random" },
  },
});
