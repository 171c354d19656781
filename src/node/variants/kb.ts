/** Sound variants of the reference node: kb. */

import { isObject, type JsonObject } from "../../protocol/mod.ts";
import { variants } from "../fault.ts";

/** One rag.query entry that lists all corpora in place of one entry for each. */
function oneEntryForAll(kind: string, value: JsonObject): JsonObject {
  if (kind !== "node-manifest" || !Array.isArray(value.capabilities)) return value;
  const corpora: string[] = [];
  const kept = value.capabilities.filter((entry) => {
    const corpus = isObject(entry) && entry.name === "rag.query" && isObject(entry.params) ? entry.params.corpus : null;
    if (typeof corpus === "string") corpora.push(corpus);
    return typeof corpus !== "string";
  });
  const capabilities = kept.map((entry) =>
    isObject(entry) && entry.name === "rag.query"
      ? { ...entry, params: { ...isObject(entry.params) ? entry.params : {}, corpora } }
      : entry
  );
  return { ...value, capabilities };
}

export const kbVariants = variants({
  "kb-other-codes": {
    reading: "core-kb conflict on missing params: not_found; schema_mismatch for bad shapes; KBS-013: an empty query " +
      "finds nothing; KBS-015: suppressed text is empty; KBS-045: the personal corpus is unauthorized",
    rules: {
      ragWithoutCorpusCode: "not_found",
      ragMissingMemberCode: "schema_mismatch",
      ragEmptyQueryCode: undefined,
      ragUnreadableCode: "unauthorized",
      ragHit: (hit) => ({ text: "", ...hit }),
    },
  },
  "kb-one-entry-pdf-only": {
    reading: "core-kb conflicts: one rag.query entry for all corpora, and only PDF can be ingested",
    rules: { ragTakesPlainText: false },
    document: oneEntryForAll,
  },
});
