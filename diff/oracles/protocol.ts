/** Self-description, the registry, traces and counters (protocol, operability). */

import { isObject, type Json, type JsonObject } from "../../src/protocol/mod.ts";
import { isCid, isListOf, isText, sameJson } from "./forms.ts";
import { ofOutput } from "./member_checks.ts";
import { AT_REST } from "../plan.ts";
import { type Exchange, isDone, objectOf, objectsOf, type Oracle } from "./oracle.ts";

const VERSIONS = "protocol.version.list";
const DESCRIBE = "protocol.self.describe";
const REGISTRY = "protocol.registry.list";
const TIERS = ["stable", "provisional", "experimental"];
const TEXT_VERSION = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;

const isProtocolVersion = (value: Json) =>
  isText(value)
    ? TEXT_VERSION.test(value)
    : isObject(value) && ["major", "minor", "patch"].every((name) => Number.isInteger(value[name]));
const named = (value: Json | undefined) => isText(value) && value !== "";

function manifestBefore({ before }: Exchange) {
  return objectOf(
    before.findLast(({ address, answer }) => address === "GET /manifest" && answer.status === 200)?.answer.value,
  );
}

function outputBefore({ before }: Exchange, address: string) {
  return before.findLast((one) => one.address === address && isDone(one))?.output;
}

/** What was announced, the last of each name and vendor. */
const announced = ({ before }: Exchange) => {
  const sent = before.filter((one) => one.step.origin.startsWith("protocol.registry.announce/") && isDone(one))
    .map(({ input }) => objectOf(input.descriptor));
  return [...new Map(sent.map((one) => [`${one.name} ${one.vendor}`, one])).values()];
};

/** A rule of the descriptor where it is the output itself; by M32 section 4.1 it may lie one level deeper. */
function ofFlat(requirement: string, place: RegExp, test: (output: JsonObject, e: Exchange) => boolean | undefined) {
  return ofOutput(
    DESCRIBE,
    requirement,
    place,
    (output, e) => isObject(output.descriptor) ? undefined : test(output, e),
  );
}

export const protocolOracles: readonly Oracle[] = [
  ofOutput(
    VERSIONS,
    "PRO-002",
    /contract_versions/,
    ({ contract_versions: list }) =>
      Array.isArray(list) && list.length > 0 && new Set(list).size === list.length &&
      list.every((one) => isText(one) && /^\d+\.\d+$/.test(one)),
  ),
  ofOutput(VERSIONS, "PRO-003", /contract_versions/, ({ contract_versions: list }, e) => {
    const { contract_version: own } = manifestBefore(e);
    return isText(own) && Array.isArray(list) ? list.includes(own) : undefined;
  }),
  ofOutput(
    VERSIONS,
    "PRO-004",
    /conformance_passed/,
    ({ conformance_passed: list }) =>
      isListOf(list, (one) => isText(objectOf(one).suite) && isCid(objectOf(one).report_cid)),
  ),
  ofOutput(
    VERSIONS,
    "PRO-005",
    /implementation/,
    ({ implementation }) =>
      isObject(implementation) && named(implementation.name) && named(implementation.version) &&
      isText(implementation.commit),
  ),
  ofOutput(VERSIONS, "PRO-010", /implementation/, ({ implementation }, e) => {
    const described = outputBefore(e, DESCRIBE);
    // A descriptor may lie one level deeper.
    if (described === undefined || isObject(described.descriptor)) return undefined;
    const { name, version } = objectOf(implementation);
    return described.name === name && described.version === version;
  }),
  ofFlat(
    "PRO-008",
    /^output/,
    (output) =>
      named(output.name) && named(output.vendor) && named(output.version) && Array.isArray(output.protocol_versions) &&
      output.protocol_versions.length > 0,
  ),
  ofFlat(
    "PRO-009",
    /protocol_versions/,
    ({ protocol_versions: list }) => isListOf(list, isProtocolVersion),
  ),
  ofFlat(
    "PRO-012",
    /capabilities/,
    ({ capabilities }) => objectsOf(capabilities).every(({ tier }) => TIERS.includes(String(tier))),
  ),
  ofFlat(
    "BUS-003",
    /capabilities\[\]\.version/,
    ({ capabilities }) =>
      objectsOf(capabilities).every(({ version }) =>
        version === undefined || isText(version) && /^\d+\.\d+$/.test(version)
      ),
  ),
  ofFlat(
    "PRO-013",
    /capabilities/,
    ({ capabilities }) =>
      objectsOf(capabilities).every(({ name, tier }) =>
        String(name).startsWith("experimental.") === (tier === "experimental")
      ),
  ),
  ofFlat("PRO-014", /capabilities/, ({ capabilities }, e) => {
    const own = manifestBefore(e).capabilities;
    if (!Array.isArray(own) || !Array.isArray(capabilities)) return undefined;
    const names = (list: Json[]) => [...new Set(objectsOf(list).map(({ name }) => String(name)))].sort();
    return sameJson(names(own), names(capabilities));
  }),
  ofOutput(
    REGISTRY,
    "PRO-021",
    /^output/,
    ({ implementations: list }) => list === undefined ? undefined : Array.isArray(list) && list.length > 0,
  ),
  ofOutput(REGISTRY, "PRO-024", /implementations/, ({ implementations: list }) => {
    const texts = objectsOf(list).map((one) =>
      JSON.stringify([one.name ?? 0, one.vendor ?? 0, one.version ?? 0, one.protocol_versions ?? 0])
    );
    return new Set(texts).size === texts.length;
  }),
  ofOutput(
    REGISTRY,
    "PRO-026",
    /implementations/,
    ({ implementations: list }, e) =>
      !Array.isArray(list)
        ? undefined
        : keepsAll(objectsOf(list), announced(e).filter(({ protocol_versions: all }) => sameJson(all, ["99.0.0"]))),
  ),
  ofOutput(REGISTRY, "PRO-025", /implementations/, ({ implementations: list }, e) => {
    const all = announced(e);
    const told = Array.isArray(list) && new Set(all.map(({ vendor }) => vendor)).size > 1;
    return told ? keepsVendors(objectsOf(list), all) : undefined;
  }),
  ofOutput(
    REGISTRY,
    "PRO-022",
    /implementations/,
    ({ implementations: list }, e) => Array.isArray(list) ? keepsVendors(objectsOf(list), announced(e)) : undefined,
  ),
];

/** What a node that has come to rest still counts as running. */
export const restOracles: readonly Oracle[] = [
  {
    requirement: "TRN-057",
    address: "GET /metrics",
    place: /^metrics\.hearthnet_active_streams/,
    holds: ({ answer: { value }, step }) => {
      const metrics = isObject(value) ? value.metrics : undefined;
      if (step.origin !== AT_REST || !isObject(metrics)) return undefined;
      return Object.entries(metrics).every(([name, count]) =>
        !name.startsWith("hearthnet_active_streams") || count === 0
      );
    },
  },
];

type Descriptor = ReturnType<typeof objectOf>;

function keepsAll(listed: readonly Descriptor[], sent: readonly Descriptor[]): boolean | undefined {
  if (sent.length === 0) return undefined;
  return sent.every((one) => listed.some((other) => sameJson(other.protocol_versions, one.protocol_versions)));
}

function keepsVendors(listed: readonly Descriptor[], sent: readonly Descriptor[]): boolean | undefined {
  if (sent.length === 0) return undefined;
  return sent.every((one) => listed.some((other) => other.name === one.name && other.vendor === one.vendor));
}
