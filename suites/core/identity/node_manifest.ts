/** The node manifest as a document: members, forms, lifetime, encoding. */

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
  member,
  okObject,
  oneOf,
  shown,
  status,
  type Verdict,
} from "../../../src/check/mod.ts";
import {
  isObject,
  type Json,
  MANIFEST_TTL_SECONDS,
  NODE_ID_PATTERN,
  NODE_MANIFEST_MEMBERS,
  parseTimestamp,
  PROFILES,
  publicKeyOf,
  SIGNATURE_PATTERN,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { request } from "../../../src/wire/mod.ts";
import { instantOf, itemsOf, nodeManifest, signatureLength } from "./helpers.ts";

/** RFC 3339 in UTC; a fraction is judged by a case of its own. */
const UTC_PATTERN = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;
const MAX_PORT = 65_535;
/** Manifests looked at where a rule has to hold for each of them. */
const LOOKS = 3;
/** Endpoints tried; a manifest can list any number. */
const MAX_ENDPOINTS = 8;
/** Milliseconds for a connection to an advertised address. */
const ENDPOINT_DEADLINE_MS = 3000;
/** Addresses to bind to, not to connect to. */
const ANY_ADDRESS: readonly string[] = ["0.0.0.0", "::", "[::]", "*", ""];

function fullId(value: unknown, what: string): readonly Verdict[] {
  return [
    matches(value, NODE_ID_PATTERN, what),
    equals(publicKeyOf(String(value))?.length, 32, `the length of the key in ${what}`),
  ];
}

/** Every null outside `capabilities[].params`, as a path. */
function nullsIn(value: Json, path: string): string[] {
  if (value === null) return [path];
  if (Array.isArray(value)) return value.flatMap((item, i) => nullsIn(item, `${path}[${i}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const here = path === "" ? name : `${path}.${name}`;
    return /^capabilities\[\d+\]\.params$/.test(here) ? [] : nullsIn(item, here);
  });
}

/** Every integer beyond 53 bits, as text. */
function hugeIntegers(value: Json): string[] {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value) ? [String(value)] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(hugeIntegers) : [];
}

/** Tries the advertised addresses; undefined if none of them is in reach. */
async function reachesBack(context: CaseContext, endpoints: readonly unknown[], nodeId: Json): Promise<Verdict> {
  const { target } = context;
  const own = target.endpoint;
  const seen: string[] = [];
  for (const entry of endpoints.slice(0, MAX_ENDPOINTS)) {
    const host = String(member(entry, "host"));
    const port = Number(member(entry, "port"));
    if (ANY_ADDRESS.includes(host) || !Number.isInteger(port) || port < 1 || port > MAX_PORT) {
      seen.push(`${host}:${port} is no address to connect to`);
      continue;
    }
    const schemes = member(entry, "transport") === "https" && own.scheme === "https" ? ["https"] : ["http", "https"];
    for (const scheme of schemes as ("http" | "https")[]) {
      const answer = await request(
        target.network,
        { scheme, host, port },
        { method: "GET", path: "/manifest", headers: [] },
        { deadlineMs: ENDPOINT_DEADLINE_MS },
      );
      const found = okObject(answer);
      if ("value" in found && found.value.node_id === nodeId) return undefined;
      if (answer.status > 0) seen.push(`${host}:${port} answers as ${"value" in found ? found.value.node_id : "none"}`);
      else if (host === own.host) seen.push(`${host}:${port} does not answer`);
    }
  }
  if (seen.length === 0) context.skip("none of the advertised hosts is in reach of the tester");
  return holds(false, `an advertised endpoint that leads to ${shown(nodeId)}`, seen.join("; "));
}

export const nodeManifestCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/identity/manifest-is-open",
    requirement: "IDN-001",
    brokenBy: ["manifest-behind-authentication"],
    effects: "none",
    async run({ target, must }) {
      const answer = await target.manifest();
      must.all(status(answer, 200), hasMediaType(answer, "application/json"));
      must.get(okObject(answer));
    },
  }),
  defineCase({
    id: "core/identity/manifest-members",
    requirement: "IDN-002",
    brokenBy: ["manifest-without-load"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(hasMembers(value, NODE_MANIFEST_MEMBERS, "the manifest"));
    },
  }),
  defineCase({
    id: "core/identity/manifest-version",
    requirement: "IDN-003",
    brokenBy: ["manifest-version-is-contract"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(isInteger(value.version, "version"), equals(value.version, 1, "version"));
    },
  }),
  defineCase({
    id: "core/identity/contract-version-form",
    requirement: "IDN-004",
    brokenBy: ["manifest-contract-version-number", "manifest-contract-version-patch"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(
        matches(value.contract_version, /^[0-9]+\.[0-9]+$/, "contract_version"),
        oneOf(String(value.contract_version).split(".")[0], ["1", "2", "3"], "the major part of contract_version"),
      );
    },
  }),
  defineCase({
    id: "core/identity/node-id-form",
    requirement: "IDN-005",
    brokenBy: ["manifest-node-id-short"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(...fullId(value.node_id, "node_id"));
    },
  }),
  defineCase({
    id: "core/identity/manifest-community-id-form",
    requirement: "IDN-006",
    brokenBy: ["manifest-community-id-short"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(...fullId(value.community_id, "community_id"));
    },
  }),
  defineCase({
    id: "core/identity/profile",
    requirement: "IDN-007",
    brokenBy: ["manifest-profile-capitalised"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(oneOf(value.profile, PROFILES, "profile"));
    },
  }),
  defineCase({
    id: "core/identity/endpoints-form",
    requirement: "IDN-008",
    brokenBy: ["manifest-port-as-text", "manifest-without-endpoints"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      const { target, note } = context;
      judge(isArray(value.endpoints, "endpoints"));
      judge(holds(itemsOf(value.endpoints).length > 0, "at least one endpoint", value.endpoints));
      itemsOf(value.endpoints).forEach((entry, i) => {
        const transport = member(entry, "transport");
        const plain = transport === "http" && target.endpoint.scheme === "http";
        if (plain) note(`endpoints[${i}] names http, as the address under test does`);
        judge(
          isRecord(entry, `endpoints[${i}]`),
          plain ? undefined : equals(transport, "https", `endpoints[${i}].transport`),
          isText(member(entry, "host"), `endpoints[${i}].host`),
          isInteger(member(entry, "port"), `endpoints[${i}].port`, 1, MAX_PORT),
        );
      });
    },
  }),
  defineCase({
    id: "core/identity/endpoint-leads-back",
    requirement: "IDN-009",
    brokenBy: ["manifest-advertises-bind-address"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(await reachesBack(context, itemsOf(value.endpoints), value.node_id ?? null));
    },
  }),
  defineCase({
    id: "core/identity/hardware-form",
    requirement: "IDN-010",
    brokenBy: ["manifest-hardware-with-units"],
    effects: "none",
    async run(context) {
      const { value: { hardware }, judge } = await nodeManifest(context);
      judge(isRecord(hardware, "hardware"));
      const gpu = member(hardware, "gpu");
      judge(
        gpu === null ? undefined : isString(gpu, "hardware.gpu, where it is not null,"),
        ...["vram_gb", "ram_gb", "disk_free_gb"].map((name) => isNumber(member(hardware, name), `hardware.${name}`, 0)),
        isInteger(member(hardware, "cpu_cores"), "hardware.cpu_cores", 0),
      );
    },
  }),
  defineCase({
    id: "core/identity/capability-entries-form",
    requirement: "IDN-011",
    brokenBy: ["manifest-capabilities-as-names"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(isArray(value.capabilities, "capabilities"));
      itemsOf(value.capabilities).forEach((entry, i) => {
        const what = `capabilities[${i}]`;
        judge(
          isRecord(entry, what),
          ...["name", "version", "stability", "schema_hash"].map((name) =>
            isString(member(entry, name), `${what}.${name}`)
          ),
          isRecord(member(entry, "params"), `${what}.params`),
          isInteger(member(entry, "max_concurrent"), `${what}.max_concurrent`),
        );
      });
    },
  }),
  defineCase({
    id: "core/identity/load-form",
    requirement: "IDN-013",
    brokenBy: ["manifest-load-as-number", "manifest-without-load"],
    effects: "none",
    async run(context) {
      const { value: { load }, judge } = await nodeManifest(context);
      judge(
        isRecord(load, "load"),
        isNumber(member(load, "cpu"), "load.cpu"),
        isNumber(member(load, "vram_used_gb"), "load.vram_used_gb"),
        isInteger(member(load, "in_flight_total"), "load.in_flight_total", 0),
      );
    },
  }),
  defineCase({
    id: "core/identity/manifest-timestamps-utc",
    requirement: "IDN-014",
    brokenBy: ["manifest-timestamps-with-offset", "manifest-timestamps-without-zone"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      for (const name of ["issued_at", "expires_at"]) {
        judge(
          matches(value[name], UTC_PATTERN, name),
          holds(parseTimestamp(value[name]) !== undefined, `${name} is a real date`, value[name]),
        );
      }
    },
  }),
  defineCase({
    id: "core/identity/manifest-timestamps-whole-seconds",
    requirement: "IDN-015",
    brokenBy: ["manifest-timestamps-with-fraction"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      for (const name of ["issued_at", "expires_at"]) {
        judge(
          isText(value[name], name),
          holds(!/\.\d/.test(String(value[name])), `${name} without fraction`, value[name]),
        );
      }
    },
  }),
  defineCase({
    id: "core/identity/manifest-lifetime",
    requirement: "IDN-016",
    brokenBy: ["manifest-ttl-300"],
    effects: "none",
    async run(context) {
      for (let i = 0; i < LOOKS; i++) {
        const { value, judge } = await nodeManifest(context);
        const lifeMs = instantOf(value.expires_at) - instantOf(value.issued_at);
        judge(equals(lifeMs / 1000, MANIFEST_TTL_SECONDS, "expires_at minus issued_at in seconds"));
      }
    },
  }),
  defineCase({
    id: "core/identity/manifest-signature-form",
    requirement: "IDN-019",
    brokenBy: ["manifest-signature-hex", "manifest-signature-padded"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      judge(matches(value.signature, SIGNATURE_PATTERN, "signature"));
      judge(equals(signatureLength(value.signature), 64, "the length of the decoded signature"));
    },
  }),
  defineCase({
    id: "core/identity/manifest-nulls",
    requirement: "IDN-022",
    brokenBy: ["manifest-display-name-null"],
    effects: "none",
    async run(context) {
      const { value, judge } = await nodeManifest(context);
      const nulls = nullsIn(value, "").filter((path) => path !== "hardware.gpu");
      judge(equals(nulls, [], "the list of nulls outside hardware.gpu"));
    },
  }),
  defineCase({
    id: "core/identity/documents-are-plain-json",
    requirement: "IDN-023",
    brokenBy: ["manifest-load-nan", "manifest-uptime-nanoseconds", "community-manifest-with-bom"],
    effects: "none",
    async run({ target, must }) {
      for (const read of [() => target.manifest(), () => target.communityManifest()]) {
        const answer = await read();
        const { exchange, body } = answer;
        const start = [...body.subarray(0, 3)];
        must.hold(start.join() !== "239,187,191", "no byte order mark", "EF BB BF at the start", exchange);
        const value = must.get(okObject(answer));
        const huge = hugeIntegers(value);
        must.hold(huge.length === 0, "integers of at most 53 bits", huge, exchange);
      }
    },
  }),
];
