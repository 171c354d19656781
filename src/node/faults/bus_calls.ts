/** Faults of the reference node: names, versions, bodies, answers, levels and slots. */

import { isObject, type JsonObject, parseVersion, serves } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";
import { faults } from "../fault.ts";
import { busRules } from "../rules/bus.ts";

/** A cache that outlives every call of a test, in milliseconds. */
const MINUTES_MS = 600_000;
/** Pause between looking for an earlier post and writing a new one, in milliseconds. */
const RACE_MS = 20;
const EMPTY_HASH = `blake3:${"e3".repeat(32)}`;
const CATEGORIES: readonly unknown[] = ["offer", "request", "info", "emergency"];
/** Capabilities with required input. */
const STRICT: readonly string[] = ["embed.text", "rag.query", "market.post", "chat.send"];

/** Callers each node has seen as members. */
const remembered = new WeakMap<NodeCore, Set<string>>();
let reads = 0;

function membersOf(core: NodeCore): Set<string> {
  const known = remembered.get(core) ?? new Set<string>();
  remembered.set(core, known);
  return known;
}

function inputOf(body: JsonObject): JsonObject {
  return isObject(body.input) ? body.input : {};
}

export const busCallFaults = faults({
  "version-must-be-lower": {
    breaks: ["BUS-012", "BUS-013", "FIL-016", "FIL-025", "FIL-026", "FIL-027", "FIL-028", "FIL-033"],
    rules: {
      versionServes: (offered, requested, name) =>
        name === "file.list"
          ? offered.major === requested.major && requested.minor < offered.minor
          : serves(offered, requested),
    },
  },
  "version-minor-ignored": {
    breaks: ["BUS-014", "BUS-017", "BUS-018"],
    rules: { versionServes: (offered, requested) => offered.major === requested.major },
  },
  "version-higher-major-served": {
    breaks: ["BUS-015"],
    rules: { versionServes: (offered, requested) => requested.major > offered.major || serves(offered, requested) },
  },
  "version-lower-major-served": {
    breaks: ["BUS-016"],
    rules: { versionServes: (offered, requested) => requested.major < offered.major || serves(offered, requested) },
  },
  "version-must-be-equal": {
    breaks: ["BUS-017", "BUS-018"],
    rules: {
      versionServes: (offered, requested) => offered.major === requested.major && offered.minor === requested.minor,
    },
  },
  "version-compared-as-decimal": {
    breaks: ["BUS-018"],
    rules: {
      versionServes: (offered, requested) =>
        offered.major === requested.major &&
        Number(`${offered.major}.${offered.minor}`) >= Number(`${requested.major}.${requested.minor}`),
    },
  },
  "version-compared-as-text": {
    breaks: ["BUS-018"],
    rules: {
      versionServes: (offered, requested) =>
        offered.major === requested.major && String(offered.minor) >= String(requested.minor),
    },
  },
  "version-patch-cut-off": {
    breaks: ["BUS-019"],
    rules: { readVersion: (text) => parseVersion(text.split(".").slice(0, 2).join(".")) },
  },
  "version-parse-error-raised": {
    breaks: ["BUS-019"],
    rules: {
      readVersion: (text) => {
        const version = parseVersion(text);
        if (version === undefined) throw new RangeError(`Cannot read a version: current value is ${text}`);
        return version;
      },
    },
  },
  "expected-hash-of-nothing": {
    breaks: ["BUS-020"],
    rules: { expectedSchemaHash: () => EMPTY_HASH },
  },
  "expected-hash-left-out": {
    breaks: ["BUS-020"],
    rules: { expectedSchemaHash: () => undefined },
  },
  "unknown-name-is-bad-request": {
    breaks: ["BUS-021", "IDN-063", "IDN-064", "IDN-066", "IDN-067"],
    rules: { unknownNameCode: "bad_request" },
  },
  "unknown-name-is-not-implemented": {
    breaks: ["BUS-021", "BUS-022", "IDN-063", "IDN-064", "IDN-066", "IDN-067", "LLM-059"],
    rules: { unknownNameCode: "not_implemented" },
  },
  "names-match-in-any-case": {
    breaks: ["BUS-022"],
    rules: { nameMatches: (offered, requested) => offered.toLowerCase() === requested.toLowerCase() },
  },
  "names-match-by-prefix": {
    breaks: ["BUS-022"],
    rules: { nameMatches: (offered, requested) => offered.startsWith(requested) },
  },
  "names-match-with-trailing-dot": {
    breaks: ["BUS-022"],
    rules: { nameMatches: (offered, requested) => offered === requested.replace(/\.$/, "") },
  },
  "bus-stuck-after-schema-mismatch": {
    breaks: ["BUS-055"],
    rules: { refusalPoisonsBus: (code) => code === "schema_mismatch" },
  },

  "missing-member-read-as-empty": {
    breaks: ["BUS-023"],
    rules: {
      readBody: (body, { name }) => name === "market.post" ? { ...body, input: { title: "", ...inputOf(body) } } : body,
    },
  },
  "types-coerced": {
    breaks: ["BUS-024"],
    rules: { bodyCheck: "coerce" },
  },
  "unknown-category-is-no-filter": {
    breaks: ["BUS-025"],
    rules: {
      readBody: (body, { name }) => {
        const { category, ...rest } = inputOf(body);
        return name !== "market.list" || category === undefined || CATEGORIES.includes(category)
          ? body
          : { ...body, input: rest };
      },
    },
  },
  "body-parts-unchecked": {
    breaks: ["BUS-026"],
    rules: {
      readBody: (body, { name }) => {
        if (!STRICT.includes(name) || isObject(body.input)) return body;
        throw new TypeError("Cannot read the members of input: current value is no object");
      },
    },
  },
  "unknown-members-refused": {
    breaks: ["BUS-027"],
    rules: { bodyCheck: "closed" },
  },
  "validated-after-the-fact": {
    breaks: ["BUS-023", "BUS-028", "TOK-019", "CHT-012"],
    rules: { bodyCheckedWhen: "after" },
  },
  "result-bare-at-top-level": {
    breaks: ["BUS-029", "MKT-044", "MKT-045", "MKT-046", "MKT-047", "MKT-048", "MKT-050"],
    rules: {
      unaryBody: (result, ms, descriptor) =>
        descriptor.name === "market.search" ? result.output : busRules.unaryBody(result, ms, descriptor),
    },
  },
  "meta-is-text": {
    breaks: ["BUS-029"],
    rules: {
      unaryBody: (result, ms, descriptor) =>
        descriptor.name === "market.search"
          ? { output: result.output, meta: `${ms} ms` }
          : busRules.unaryBody(result, ms, descriptor),
    },
  },
  "meta-ms-is-unix-time": {
    breaks: ["BUS-030", "OPS-035"],
    rules: { reportedMs: (_, wallMs) => wallMs },
  },
  "meta-ms-negative": {
    breaks: [
      "BUS-030",
      "FIL-001",
      "FIL-025",
      "FIL-029",
      "KBS-019",
      "KBS-022",
      "KBS-041",
      "LLM-008",
      "LLM-042",
      "MKT-001",
      "CHT-001",
      "EMB-001",
    ],
    rules: { reportedMs: (ms) => -1 - ms },
  },
  "reads-vary": {
    breaks: ["BUS-027", "BUS-042", "LLM-057"],
    rules: {
      unaryBody: (result, ms, descriptor) =>
        busRules.unaryBody(
          descriptor.name === "rag.list_corpora" ? { ...result, output: { ...result.output, read: ++reads } } : result,
          ms,
          descriptor,
        ),
    },
  },

  "trust-must-be-equal": {
    breaks: ["BUS-032"],
    rules: {
      trustPasses: (level, required) =>
        required === "trusted" ? level === "trusted" || level === "self" : busRules.trustPasses(level, required),
    },
  },
  "schema-checked-before-level": {
    breaks: ["BUS-033"],
    rules: { firstCheck: "schema" },
  },
  "levels-read-once": {
    breaks: ["BUS-035"],
    rules: { levelCacheMs: MINUTES_MS },
  },
  "membership-cached": {
    breaks: ["BUS-036"],
    rules: {
      refusesRevoked: (caller, core) => !membersOf(core).has(caller) && core.community.isRevoked(caller),
      callerLevel: (caller, core) => {
        if (caller === core.identity.id) return "self";
        const level = core.community.level(caller);
        const known = membersOf(core);
        if (level === "unknown") return known.has(caller) ? "member" : level;
        known.add(caller);
        return level;
      },
    },
  },

  "full-capability-queues": {
    breaks: ["BUS-037"],
    rules: { whenFull: "queue" },
  },
  "full-capability-not-found": {
    breaks: ["BUS-037", "LLM-034"],
    rules: { whenFull: "not_found" },
  },
  "full-capability-retry-in-seconds": {
    breaks: ["BUS-037", "LLM-035"],
    rules: { fullRetryMs: 0.25 },
  },
  "stream-keeps-its-slot": {
    breaks: ["BUS-038", "TRN-058"],
    rules: { streamEndFreesSlot: false },
  },
  "errors-keep-their-slot": {
    breaks: ["BUS-039", "TRN-058", "LLM-027", "WSK-035"],
    rules: { errorFreesSlot: false },
  },
  "in-flight-always-zero": {
    breaks: ["BUS-040"],
    rules: { reportedInFlight: () => 0 },
  },
  "repeats-race": {
    breaks: ["BUS-041", "CHT-011"],
    rules: { beforeAppend: (clock) => clock.sleep(RACE_MS) },
  },
});
