/** Manifests of node and community, and the head of the log (wire-format.md sections 9 to 11). */

import {
  COMMUNITY_MANIFEST_MEMBERS,
  COMMUNITY_POLICY_COUNTS,
  isObject,
  type Json,
  type JsonObject,
  MANIFEST_TTL_SECONDS,
  NODE_MANIFEST_MEMBERS,
  STABILITIES,
} from "../../src/protocol/mod.ts";
import {
  hasAll,
  isAmount,
  isBoolean,
  isCid,
  isCount,
  isFullNodeId,
  isListOf,
  isNumber,
  isSignatureText,
  isText,
  isUtcTime,
  isWholeTime,
  secondsBetween,
} from "./forms.ts";
import { ofDocument } from "./member_checks.ts";
import { type Exchange, objectOf, objectsOf, type Oracle } from "./oracle.ts";

const NODE = "GET /manifest";
const COMMUNITY = "GET /community/manifest";
const HEADS = "GET /sync/v1/heads";
/** Beyond every uptime counted in seconds. */
const LONGEST_UPTIME_S = 1_000_000_000;
const POLICY_SWITCHES = ["federation_enabled", "default_member_can_invite"];

const node = (id: string, place: RegExp, test: (manifest: JsonObject, e: Exchange) => boolean | undefined) =>
  ofDocument(NODE, id, place, test);
const community = (id: string, place: RegExp, test: (manifest: JsonObject, e: Exchange) => boolean | undefined) =>
  ofDocument(COMMUNITY, id, place, test);
const anyCapability = (id: string, place: RegExp, test: (descriptor: JsonObject) => boolean) =>
  node(id, place, ({ capabilities }) => objectsOf(capabilities).every(test));
const isExperimental = ({ name }: JsonObject) => String(name).startsWith("experimental.");
const unique = (list: readonly Json[]) => new Set(list.map((one) => JSON.stringify(one))).size === list.length;
const isPortable = (one: JsonObject) =>
  one.transport === "https" && isText(one.host) && isCount(one.port) && one.port >= 1 && one.port <= 65_535;

/** The document the same side showed under an address before. */
function earlier({ before }: Exchange, address: string): JsonObject | undefined {
  const found = before.findLast((one) => one.address === address && one.answer.status === 200);
  return isObject(found?.answer.value) ? found.answer.value : undefined;
}

export const documentOracles: readonly Oracle[] = [
  {
    requirement: "IDN-023",
    address: /^GET \/(community\/)?manifest$/,
    place: /^body$/,
    holds: ({ answer: { status, value, partial } }) =>
      status === 200 && partial !== true ? value !== undefined : undefined,
  },
  node("IDN-003", /^version$/, ({ version }) => version === 1),
  node("IDN-004", /^contract_version$/, ({ contract_version: v }) => isText(v) && /^\d+\.\d+$/.test(v)),
  node("IDN-005", /^node_id$/, ({ node_id: id }) => isFullNodeId(id)),
  node("IDN-021", /^node_id$/, ({ node_id: id }, e) => {
    const before = earlier(e, NODE);
    return before === undefined ? undefined : before.node_id === id;
  }),
  node("IDN-006", /^community_id$/, ({ community_id: id }) => isFullNodeId(id)),
  node("IDN-007", /^profile$/, ({ profile }) => ["anchor", "hearth", "spark", "bridge"].includes(String(profile))),
  node(
    "IDN-008",
    /^endpoints/,
    ({ endpoints }) =>
      Array.isArray(endpoints) && endpoints.length > 0 && isListOf(endpoints, (e) => isPortable(objectOf(e))),
  ),
  node("IDN-009", /^endpoints/, ({ endpoints }) => !objectsOf(endpoints).some(({ host }) => isBindAddress(host))),
  node("IDN-010", /^hardware/, ({ hardware }) => isHardware(objectOf(hardware))),
  node("IDN-012", /^uptime_seconds$/, ({ uptime_seconds: up }) => isCount(up) && up < LONGEST_UPTIME_S),
  node(
    "IDN-013",
    /^load/,
    ({ load }) => isObject(load) && isNumber(load.cpu) && isNumber(load.vram_used_gb) && isCount(load.in_flight_total),
  ),
  node("IDN-014", /^(issued|expires)_at$/, (m) => isUtcTime(m.issued_at) && isUtcTime(m.expires_at)),
  node("IDN-015", /^(issued|expires)_at$/, (m) => isWholeTime(m.issued_at) && isWholeTime(m.expires_at)),
  node("IDN-016", /^(issued|expires)_at$/, (m) => {
    const life = secondsBetween(m.issued_at, m.expires_at);
    return life === undefined ? undefined : Math.round(life) === MANIFEST_TTL_SECONDS;
  }),
  node("IDN-019", /^signature/, ({ signature }) => isSignatureText(signature)),
  node("IDN-020", /^signature\.$/, (_, { answer }) => {
    const verdict = answer.signatures.get("");
    return verdict === undefined ? undefined : verdict !== "invalid";
  }),
  anyCapability("BUS-001", /^capabilities/, ({ name }) => isText(name) && /^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(name)),
  anyCapability("BUS-003", /^capabilities/, ({ version }) => isText(version) && /^\d+\.\d+$/.test(version)),
  anyCapability("BUS-004", /^capabilities\[\]\.stability$/, ({ stability }) => STABILITIES.includes(String(stability))),
  anyCapability(
    "BUS-005",
    /^capabilities\[\]\.stability$/,
    (one) => isExperimental(one) === (one.stability === "experimental"),
  ),
  anyCapability("BUS-006", /schema_hash$/, ({ schema_hash: hash }) => isCid(hash)),
  node("BUS-008", /schema_hash$/, ({ capabilities }) => {
    const named = new Map(objectsOf(capabilities).map((one) => [`${one.name}@${one.version}`, one.schema_hash ?? ""]));
    return unique([...named.values()]);
  }),
  node("BUS-007", /schema_hash$/, ({ capabilities }, e) => {
    const before = earlier(e, NODE);
    return before === undefined ? undefined : sameHashes(objectsOf(before.capabilities), objectsOf(capabilities));
  }),
  anyCapability("BUS-009", /max_concurrent$/, ({ max_concurrent: most }) => isCount(most) && most >= 1),
  node(
    "LLM-038",
    /^capabilities\[\]\.params\.models?/,
    ({ capabilities }) =>
      objectsOf(capabilities).filter(({ name }) => name === "llm.chat").every(({ params }) => {
        const { model, models } = objectOf(params);
        return isText(model) && (models === undefined || Array.isArray(models) && models.includes(model));
      }),
  ),
  node(
    "KBS-045",
    /^capabilities/,
    ({ capabilities }) => !objectsOf(capabilities).some(({ params }) => objectOf(params).corpus === "personal"),
  ),
  node(
    "IDN-011",
    /^capabilities/,
    ({ capabilities }) =>
      isListOf(
        capabilities,
        (one) =>
          isObject(one) && ["name", "version", "stability", "schema_hash"].every((name) => isText(one[name])) &&
          isObject(one.params) && Number.isInteger(one.max_concurrent),
      ),
  ),
  node("IDN-002", /^\w+$/, (m) => hasAll(m, NODE_MANIFEST_MEMBERS)),
  node("IDN-022", /./, (m) => noNulls({ ...m, hardware: { ...objectOf(m.hardware), gpu: "" }, capabilities: [] })),
  community("IDN-025", /^\w+$/, (m) => hasAll(m, COMMUNITY_MANIFEST_MEMBERS) && m.version === 1),
  community("IDN-026", /^(community_id|root_key)$/, (m) => isFullNodeId(m.root_key) && m.community_id === m.root_key),
  community(
    "IDN-028",
    /^signature/,
    (m, { answer }) => isSignatureText(m.signature) && answer.signatures.get("") !== "invalid",
  ),
  community("IDN-029", /^policy/, ({ policy }) => {
    const rules = objectOf(policy);
    return COMMUNITY_POLICY_COUNTS.every((name) => Number.isInteger(rules[name])) &&
      POLICY_SWITCHES.every((name) => isBoolean(rules[name]));
  }),
  community("IDN-033", /^(members|revoked)/, ({ members, revoked }) => {
    const [inside, outside] = [members, revoked].map((list) => objectsOf(list).map(({ node_id: id }) => id ?? ""));
    return unique(inside ?? []) && !(outside ?? []).some((id) => inside?.includes(id));
  }),
  community("IDN-030", /^members/, ({ members }) =>
    isListOf(members, (one) => {
      const { node_id: id, added_by: by, added_at: at, level } = objectOf(one);
      return isFullNodeId(id) && isFullNodeId(by) && isUtcTime(at) &&
        ["anchor", "trusted", "member"].includes(String(level));
    })),
  community("IDN-036", /(created|added|revoked)_at$/, ({ created_at: at }) => isUtcTime(at)),
  community(
    "IDN-034",
    /^(lamport_at_creation|head_lamport)$/,
    (m) => m.lamport_at_creation === 0 && Number.isInteger(m.head_lamport) && Number(m.head_lamport) >= 0,
  ),
  community("IDN-035", /^head_lamport$/, ({ head_lamport: head }, e) => {
    const next = e.before.findLast(({ address, answer }) => address === HEADS && answer.status === 200);
    // The view never runs ahead of the log, and nothing was appended since the head was read just before.
    if (next === undefined || next.index !== e.index - 1) return undefined;
    const known = headOf(next.answer.value);
    return known === undefined ? undefined : Number(head) <= known;
  }),
  ofDocument(HEADS, "EVT-001", /^(head|\w+)$/, (_, { answer }) => headOf(answer.value) !== undefined),
  ofDocument(HEADS, "EVT-002", /^heads_by_type/, ({ heads_by_type: types, head }) => {
    if (!isObject(types) || !isCount(head)) return undefined;
    const all = Object.values(types);
    return all.every(isCount) && Math.max(0, ...all.map(Number)) === head;
  }),
  ofDocument(HEADS, "EVT-003", /^community_id$/, ({ community_id: id }, e) => {
    const own = e.before.find(({ address, answer }) => address === NODE && isObject(answer.value));
    const known = objectOf(own?.answer.value).community_id;
    // The other legal form names the community in its only member.
    if (id === undefined) return undefined;
    return known === undefined ? isFullNodeId(id) : known === id;
  }),
];

/** The highest Lamport value of an answer to `heads`, in both legal forms. */
export function headOf(value: Json | undefined): number | undefined {
  if (!isObject(value)) return undefined;
  if (isCount(value.head)) return value.head;
  const counts = Object.values(value).filter(isCount);
  return Object.keys(value).every(isFullNodeId) && counts.length > 0 ? Math.max(...counts) : undefined;
}

function isBindAddress(host: Json | undefined): boolean {
  return host === "0.0.0.0" || host === "::" || host === "[::]" || host === "*" || host === "";
}

function isHardware({ gpu, vram_gb: vram, ram_gb: ram, disk_free_gb: disk, cpu_cores: cores }: JsonObject): boolean {
  return (gpu === null || isText(gpu)) && [vram, ram, disk].every(isAmount) && isCount(cores);
}

function sameHashes(before: readonly JsonObject[], now: readonly JsonObject[]): boolean {
  const known = new Map(before.map((one) => [keyOf(one), one.schema_hash]));
  return now.every((one) => !known.has(keyOf(one)) || known.get(keyOf(one)) === one.schema_hash);
}

function keyOf({ name, version, params }: JsonObject): string {
  return JSON.stringify([name ?? null, version ?? null, params ?? null]);
}

function noNulls(value: Json): boolean {
  if (value === null) return false;
  if (typeof value !== "object") return true;
  return Object.values(value).every(noNulls);
}
