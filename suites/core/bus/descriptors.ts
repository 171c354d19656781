/** What a node advertises: names, versions, stability, schema hashes, concurrency. */

import { differs, equals, isInteger, matches, oneOf } from "../../../src/check/mod.ts";
import { CID_PATTERN, type JsonObject, parseVersion, VERSION_PATTERN } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { advertisedEntries, contractMajor, entryName } from "./helpers.ts";

const NAME_PATTERN = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;
/** Prefixes by the contract that allocates them; protocol is tolerated from 1.0 on (core-bus conflict "Namespace"). */
const PREFIXES: readonly (readonly [major: number, prefixes: readonly string[]])[] = [
  [1, ["llm", "embed", "rag", "file", "market", "chat", "community", "federation", "experimental", "protocol"]],
  [2, ["ocr", "trans", "stt", "tts", "img", "rerank", "auth"]],
  [3, ["evidence", "civdef"]],
];
/** Named by later documents without being allocated: a note from contract 2.0 on. */
const UNALLOCATED = ["observability", "emergency"];
const STABILITIES = ["experimental", "beta", "stable"];
/** Names of CONTRACT §3.2, which contract 1.0 offers at major 1. */
const BASE_NAMES = [
  "llm.chat",
  "llm.complete",
  "embed.text",
  "rag.query",
  "rag.ingest",
  "rag.list_corpora",
  "file.read",
  "file.list",
  "file.advertise",
  "file.put",
  "market.list",
  "market.post",
  "market.expire",
  "market.search",
  "chat.send",
  "chat.history",
  "community.invite",
  "community.revoke",
];

/** How long manifests are compared, and the pause between two looks; a manifest is re-issued every 20 s. */
const WATCH_MS = 60_000;
const LOOK_EVERY_MS = 10_000;

function prefixOf({ name }: JsonObject): string {
  return String(name).split(".", 1)[0] ?? "";
}

/** Name and version; entries of one corpus each count as one. */
function keyOf({ name, version }: JsonObject): string {
  return JSON.stringify([name, version]);
}

function corpusOf({ params }: JsonObject): unknown {
  return (params as JsonObject | undefined)?.corpus;
}

export const descriptorCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/capability-names",
    requirement: "BUS-001",
    brokenBy: ["capability-names-capitalised", "capability-names-undotted"],
    effects: "none",
    async run(context) {
      const { entries } = await advertisedEntries(context);
      entries.forEach(({ name }, i) => context.must(matches(name, NAME_PATTERN, `capabilities[${i}].name`)));
    },
  }),
  defineCase({
    id: "core/bus/capability-prefixes",
    requirement: "BUS-002",
    brokenBy: ["capability-prefix-unallocated", "reserved-prefixes-under-contract-1"],
    effects: "none",
    async run(context) {
      const { manifest, entries } = await advertisedEntries(context);
      const major = contractMajor(manifest);
      const allowed = PREFIXES.filter(([since]) => since <= major).flatMap(([, prefixes]) => prefixes);
      for (const entry of entries) {
        const prefix = prefixOf(entry);
        if (major >= 2 && UNALLOCATED.includes(prefix)) context.note(`${entryName(entry)} has no allocated prefix`);
        else context.must(oneOf(prefix, allowed, `the prefix of ${entryName(entry)}`));
      }
    },
  }),
  defineCase({
    id: "core/bus/capability-versions",
    requirement: "BUS-003",
    brokenBy: ["capability-versions-with-patch", "capability-versions-major-only"],
    effects: "none",
    async run(context) {
      const { entries } = await advertisedEntries(context);
      for (const entry of entries) {
        context.must(matches(entry.version, VERSION_PATTERN, `the version of ${String(entry.name)}`));
      }
    },
  }),
  defineCase({
    id: "core/bus/capability-stability",
    requirement: "BUS-004",
    brokenBy: ["stability-ga", "stability-left-out"],
    effects: "none",
    async run(context) {
      const { manifest, entries } = await advertisedEntries(context);
      const allowed = contractMajor(manifest) >= 2 ? [...STABILITIES, "deprecated"] : STABILITIES;
      for (const entry of entries) {
        if (entry.stability === "provisional") context.note(`${entryName(entry)} is provisional, a word of M32 §5.2`);
        else context.must(oneOf(entry.stability, allowed, `the stability of ${entryName(entry)}`));
      }
    },
  }),
  defineCase({
    id: "core/bus/experimental-names-are-marked",
    requirement: "BUS-005",
    brokenBy: ["stability-experimental-outside", "stability-stable-inside"],
    effects: "none",
    async run(context) {
      const { entries } = await advertisedEntries(context);
      for (const entry of entries) {
        const what = `the stability of ${entryName(entry)}`;
        if (prefixOf(entry) === "experimental") context.should(equals(entry.stability, "experimental", what));
        else context.should(differs(entry.stability, "experimental", what));
      }
    },
  }),
  defineCase({
    id: "core/bus/schema-hash-form",
    requirement: "BUS-006",
    brokenBy: ["schema-hash-shortened", "schema-hash-upper-case"],
    effects: "none",
    async run(context) {
      const { entries } = await advertisedEntries(context);
      for (const entry of entries) {
        context.must(matches(entry.schema_hash, CID_PATTERN, `schema_hash of ${entryName(entry)}`));
      }
    },
  }),
  defineCase({
    id: "core/bus/schema-hash-stays",
    requirement: "BUS-007",
    brokenBy: ["schema-hash-with-time"],
    effects: "none",
    async run(context) {
      const { target } = context;
      const seen = new Map<string, unknown>();
      const end = target.mono() + WATCH_MS;
      for (;;) {
        const { entries } = await advertisedEntries(context);
        for (const entry of entries) {
          const key = keyOf(entry);
          if (seen.has(key)) {
            context.must(equals(entry.schema_hash, seen.get(key), `schema_hash of ${entryName(entry)}`));
          } else seen.set(key, entry.schema_hash);
        }
        if (target.mono() >= end) return;
        await target.sleep(LOOK_EVERY_MS);
      }
    },
  }),
  defineCase({
    id: "core/bus/schema-hash-distinct",
    requirement: "BUS-008",
    brokenBy: ["schema-hash-fixed", "schema-hash-of-request-only"],
    effects: "none",
    async run(context) {
      const { entries, exchange } = await advertisedEntries(context);
      const owner = new Map<unknown, JsonObject>();
      for (const entry of entries) {
        const other = owner.get(entry.schema_hash) ?? entry;
        owner.set(entry.schema_hash, other);
        context.must.hold(
          keyOf(other) === keyOf(entry),
          "different capabilities with different schema hashes",
          `${entryName(other)} and ${entryName(entry)} both have ${String(entry.schema_hash)}`,
          exchange,
        );
      }
    },
  }),
  defineCase({
    id: "core/bus/max-concurrent",
    requirement: "BUS-009",
    brokenBy: ["max-concurrent-zero"],
    effects: "none",
    async run(context) {
      const { entries } = await advertisedEntries(context);
      for (const entry of entries) {
        context.must(isInteger(entry.max_concurrent, `max_concurrent of ${entryName(entry)}`, 1));
      }
    },
  }),
  defineCase({
    id: "core/bus/one-entry-per-version",
    requirement: "BUS-010",
    brokenBy: ["llm-chat-listed-per-model", "llm-models-without-main-one"],
    effects: "none",
    async run(context) {
      const { entries, exchange } = await advertisedEntries(context);
      const seen = new Set<string>();
      for (const entry of entries) {
        const key = JSON.stringify([keyOf(entry), corpusOf(entry) ?? null]);
        const what = "each name and version once, but for corpora";
        context.must.hold(!seen.has(key), what, `${entryName(entry)} is listed twice`, exchange);
        seen.add(key);
      }
      for (const entry of entries.filter(({ name }) => name === "llm.chat")) {
        const { model, models } = (entry.params ?? {}) as JsonObject;
        if (models === undefined) continue;
        const listed = Array.isArray(models) && models.every((name) => typeof name === "string") &&
          models.some((name) => name === model);
        const expected = `params.models of ${entryName(entry)} is an array of strings with params.model in it`;
        context.must.hold(listed, expected, { model: model ?? null, models }, exchange);
      }
    },
  }),
  defineCase({
    id: "core/bus/base-names-at-major-1",
    requirement: "BUS-011",
    brokenBy: ["base-name-at-major-2-under-contract-1"],
    effects: "none",
    async run(context) {
      const { manifest, entries } = await advertisedEntries(context);
      if (contractMajor(manifest) >= 2) {
        return context.note(`the node is of contract ${String(manifest.contract_version)}: other majors are allowed`);
      }
      for (const entry of entries.filter(({ name }) => BASE_NAMES.includes(String(name)))) {
        context.must(equals(parseVersion(entry.version)?.major, 1, `the major version of ${entryName(entry)}`));
      }
    },
  }),
];
