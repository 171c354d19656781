/** Faults of the reference node: embed.text. */

import { faults } from "../fault.ts";
import { asksFor } from "./files_read.ts";

/** Share of numbers that dropout sets to zero. */
const DROPOUT = 0.2;
/** Numbers per vector of a model somebody else uses. */
const OTHER_DIM = 768;
/** Characters that 512 tokens of a small model hold. */
const TOKEN_LIMIT_CHARACTERS = 2048;

export const servicesEmbeddingFaults = faults({
  "embed-flat-array": {
    breaks: [
      "EMB-001",
      "EMB-002",
      "EMB-003",
      "EMB-004",
      "EMB-005",
      "EMB-006",
      "EMB-007",
      "EMB-008",
      "EMB-009",
      "EMB-013",
      "EMB-016",
    ],
    rules: { embedOutput: (output) => ({ ...output, embeddings: (output.embeddings as number[][]).flat() }) },
  },
  "embed-dim-of-another-model": {
    breaks: ["EMB-002"],
    rules: { embedOutput: (output) => ({ ...output, dim: OTHER_DIM }) },
  },
  "embed-normalizes-on-request-only": {
    breaks: ["EMB-003", "EMB-004"],
    rules: { embedNormalizeDefault: false },
  },
  "embed-scales-to-maximum": {
    breaks: ["EMB-004"],
    rules: {
      embedNormalize: (vector, asked) => {
        const scale = asked ? Math.max(...vector.map(Math.abs)) : Math.hypot(...vector);
        return vector.map((x) => x / scale);
      },
    },
  },
  "embed-raw-of-another-layer": {
    breaks: ["EMB-005"],
    rules: { embedVector: (vector, { normalize }) => normalize ? vector : vector.toReversed() },
  },
  "embed-with-dropout": {
    breaks: ["EMB-004", "EMB-005", "EMB-006", "EMB-007"],
    rules: { embedVector: (vector, { random }) => vector.map((x) => random.unit() < DROPOUT ? 0 : x) },
  },
  "embed-sorted-by-length": {
    breaks: ["EMB-006", "EMB-007"],
    rules: {
      embedOrder: (vectors, texts) =>
        vectors.map((vector, i) => ({ vector, length: texts[i]?.length ?? 0 }))
          .sort((a, b) => a.length - b.length).map(({ vector }) => vector),
    },
  },
  "embed-constant-vector": {
    breaks: ["EMB-008"],
    rules: { embedVector: (vector) => vector.map(() => 1) },
  },
  "embed-at-most-255-texts": {
    breaks: ["EMB-009"],
    rules: { embedMaxTexts: 255 },
  },
  "embed-cuts-long-lists": {
    breaks: ["EMB-010"],
    rules: { embedOverTexts: "cut" },
  },
  "embed-of-nothing": {
    breaks: ["EMB-011"],
    rules: { embedAllowsNone: true },
  },
  "embed-measures-first-text": {
    breaks: ["EMB-012"],
    rules: { embedMeasures: "first" },
  },
  "embed-token-limit-as-error": {
    breaks: ["EMB-013"],
    rules: { embedModelLimit: TOKEN_LIMIT_CHARACTERS },
  },
  "embed-any-model-name": {
    breaks: ["EMB-014"],
    rules: { embedModel: (_requested, offered) => offered[0] },
  },
  "embed-numbers-as-text": {
    breaks: ["EMB-015", "BUS-024"],
    rules: { embedText: (element) => String(element) },
  },
  "embed-meta-names-library": {
    breaks: ["EMB-016"],
    rules: { embedMetaModel: () => "hash-embed" },
  },
  "embed-open-to-strangers": {
    breaks: ["EMB-017"],
    rules: { kbDescriptor: asksFor("embed.text", "unknown") },
  },
});
