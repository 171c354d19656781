/** Faults of the reference node: what it advertises. */

import { canonicalBytes, type CapabilityEntry, cidOf, type JsonObject } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";

/** The capability whose entry is spoiled: no other area rests on it. */
const SPOILED = "market.search";
/** Characters of `blake3:` and of the shortened hash people are shown. */
const DISPLAY_LENGTH = 19;
/** Hex digits of a time in a hash. */
const TIME_DIGITS = 12;
const PLACEHOLDER = `blake3:${"0".repeat(64)}`;

type Entries = readonly CapabilityEntry[];

/** Changes the entries of one name. */
function spoiled(change: (entry: JsonObject) => JsonObject, name: string = SPOILED): (entries: Entries) => Entries {
  return (entries) =>
    entries.map((entry) => entry.name === name ? change({ ...entry }) as unknown as CapabilityEntry : entry);
}

/** Adds an entry like the spoiled one under another name. */
function added(name: string, stability: string): (entries: Entries) => Entries {
  return (entries) => [
    ...entries,
    {
      name,
      version: "1.0",
      stability,
      schema_hash: cidOf(canonicalBytes(name)),
      params: {},
      max_concurrent: 1,
    },
  ];
}

/** An entry for each model instead of one for all. */
function perModel(entry: CapabilityEntry): Entries {
  const { models } = entry.params;
  if (entry.name !== "llm.chat" || !Array.isArray(models)) return [entry];
  return [...models, "another"].map((model) => ({ ...entry, params: { ...entry.params, model, models: [model] } }));
}

export const busDescriptorFaults = faults({
  "capability-names-capitalised": {
    breaks: ["BUS-001", "BUS-002", "BUS-012"],
    rules: { advertisedEntries: spoiled((entry) => ({ ...entry, name: "Market.Search" })) },
  },
  "capability-names-undotted": {
    breaks: ["BUS-001", "BUS-002", "BUS-012"],
    rules: { advertisedEntries: spoiled((entry) => ({ ...entry, name: "search" })) },
  },
  "capability-prefix-unallocated": {
    breaks: ["BUS-002", "BUS-012"],
    rules: { advertisedEntries: added("weather.today", "stable") },
  },
  "reserved-prefixes-under-contract-1": {
    breaks: ["BUS-002", "BUS-011", "BUS-012", "TRN-024"],
    rules: { contractVersion: "1.0", advertisedEntries: added("ocr.image", "stable") },
  },
  "capability-versions-with-patch": {
    breaks: ["BUS-003"],
    rules: { advertisedEntries: spoiled((entry) => ({ ...entry, version: "1.0.3" })) },
  },
  "capability-versions-major-only": {
    breaks: ["BUS-003"],
    rules: { advertisedEntries: spoiled((entry) => ({ ...entry, version: "1" })) },
  },
  "stability-ga": {
    breaks: ["BUS-004"],
    rules: { advertisedEntries: spoiled((entry) => ({ ...entry, stability: "ga" })) },
  },
  "stability-left-out": {
    breaks: ["BUS-004", "IDN-011"],
    rules: { advertisedEntries: spoiled(({ stability: _, ...entry }) => entry) },
  },
  "stability-experimental-outside": {
    breaks: ["BUS-005"],
    rules: { advertisedEntries: spoiled((entry) => ({ ...entry, stability: "experimental" })) },
  },
  "stability-stable-inside": {
    breaks: ["BUS-005"],
    rules: { experimentalEnabled: true, advertisedEntries: added("experimental.foo", "stable") },
  },
  "schema-hash-shortened": {
    breaks: ["BUS-006", "TRN-040"],
    rules: { advertisedSchemaHash: (hash) => hash.slice(0, DISPLAY_LENGTH) },
  },
  "schema-hash-upper-case": {
    breaks: ["BUS-006", "TRN-040"],
    rules: { advertisedSchemaHash: (hash) => hash.toUpperCase().replace("BLAKE3", "blake3") },
  },
  "schema-hash-with-time": {
    breaks: ["BUS-007"],
    rules: {
      advertisedSchemaHash: (hash, _, wallMs) =>
        hash.slice(0, -TIME_DIGITS) + wallMs.toString(16).padStart(TIME_DIGITS, "0"),
    },
  },
  "schema-hash-fixed": {
    breaks: ["BUS-008"],
    rules: { advertisedSchemaHash: () => PLACEHOLDER },
  },
  "schema-hash-of-request-only": {
    breaks: ["BUS-008"],
    rules: { advertisedSchemaHash: (_, { request_schema }) => cidOf(canonicalBytes(request_schema)) },
  },
  "max-concurrent-zero": {
    breaks: ["BUS-009"],
    rules: { advertisedEntries: spoiled((entry) => ({ ...entry, max_concurrent: 0 })) },
  },
  "llm-chat-listed-per-model": {
    breaks: ["BUS-010", "LLM-039"],
    rules: { advertisedEntries: (entries) => entries.flatMap(perModel) },
  },
  "llm-models-without-main-one": {
    breaks: ["BUS-010", "LLM-038", "LLM-039"],
    rules: {
      advertisedEntries: spoiled(
        (entry) => ({ ...entry, params: { ...entry.params as JsonObject, models: ["another"] } }),
        "llm.chat",
      ),
    },
  },
  "base-name-at-major-2-under-contract-1": {
    breaks: ["BUS-002", "BUS-011"],
    rules: { contractVersion: "1.0", advertisedEntries: spoiled((entry) => ({ ...entry, version: "2.0" })) },
  },
  "capabilities-listed-statically": {
    breaks: ["BUS-012"],
    rules: { advertisedEntries: added("market.feed", "stable") },
  },
});
