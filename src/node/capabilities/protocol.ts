/** protocol.*: self-description, conformance reports, known implementations. CONTRACT3 §4.19, §4.20; M32. */

import { canonicalBytes, isObject, type Json, type JsonObject, signDocument, without } from "../../protocol/mod.ts";
import { type Call, type CapabilityDescriptor, type NodeCore, NodeError, type UnaryResult } from "../core.ts";

const MAX_CONCURRENT = 16;
/** A suite runs alone and takes minutes. */
const REPORT_CONCURRENT = 1;
const REPORT_DEADLINE_MS = 600_000;
const REPORTED = "protocol.conformance.reported";
/** Longest announced descriptor, in bytes of canonical JSON. */
const MAX_DESCRIPTOR_BYTES = 16_384;

const REQUEST: JsonObject = {
  type: "object",
  properties: { params: { type: "object" }, input: { type: "object" } },
};
const REPORT_REQUEST: JsonObject = {
  type: "object",
  properties: {
    params: { type: "object" },
    input: { type: "object", properties: { suite_version: { type: "string" } } },
  },
};
const RESPONSE: JsonObject = { type: "object", required: ["output"], properties: { output: { type: "object" } } };

function descriptor(
  name: string,
  trust: CapabilityDescriptor["trust"],
  more: Partial<CapabilityDescriptor> = {},
): CapabilityDescriptor {
  return {
    name,
    version: "1.0",
    stability: "stable",
    params: {},
    max_concurrent: MAX_CONCURRENT,
    trust,
    request_schema: REQUEST,
    response_schema: RESPONSE,
    stream_schema: null,
    streaming: "never",
    ...more,
  };
}

const VERSION_LIST = descriptor("protocol.version.list", "unknown");
const DESCRIBE = descriptor("protocol.self.describe", "unknown");
const DESCRIBE_ALIAS = descriptor("protocol.self_describe", "unknown", { hidden: true });
const REPORT = descriptor("protocol.conformance.report", "self", {
  request_schema: REPORT_REQUEST,
  max_concurrent: REPORT_CONCURRENT,
  deadlineMs: REPORT_DEADLINE_MS,
});
const REGISTRY_LIST = descriptor("protocol.registry.list", "member");
const ANNOUNCE = descriptor("protocol.registry.announce", "member");

/** Registers the family. */
export function registerProtocol(core: NodeCore): void {
  const registry = new ImplementationRegistry(core);
  core.bus.register(VERSION_LIST, () => versionList(core));
  const describe = () => ({ output: core.rules.describeOutput(selfDescription(core)) });
  core.bus.register(DESCRIBE, describe);
  core.bus.register(DESCRIBE_ALIAS, describe);
  core.bus.register(REPORT, (call) => report(core, call));
  core.bus.register(REGISTRY_LIST, () => ({ output: { implementations: registry.list() } }));
  core.bus.register(ANNOUNCE, (call) => ({ output: { recorded: registry.announce(call.input) } }));
}

function versionList(core: NodeCore): UnaryResult {
  const { implementation: { name, version, commit }, contractVersions, versionListOutput } = core.rules;
  return {
    output: versionListOutput({
      contract_versions: [...contractVersions],
      conformance_passed: passedReports(core),
      implementation: { name, version, commit },
    }),
  };
}

/** Reports of this node that may be claimed, as the log tells it. */
function passedReports(core: NodeCore): Json[] {
  if (core.log.headsByType()[REPORTED] === undefined) return [];
  const passed: Json[] = [];
  for (const { event_type, author, data } of core.log.since(-1)) {
    if (event_type !== REPORTED || author !== core.identity.id) continue;
    const { suite_version: suite, report_cid, overall } = data;
    if (suite === undefined || report_cid === undefined || !core.rules.claimsPassed(overall ?? null)) continue;
    passed.push({ suite, report_cid });
  }
  return passed;
}

function ownDescriptor(core: NodeCore): JsonObject {
  const { implementation: { name, vendor, version, homepage_url, contact }, protocolVersions } = core.rules;
  return { name, vendor, version, protocol_versions: [...protocolVersions], homepage_url, contact };
}

function selfDescription(core: NodeCore): JsonObject {
  const capabilities = core.bus.entries().map(({ name, version, stability }) => ({
    name,
    version,
    tier: core.rules.tierOf(name, stability),
  }));
  return { ...ownDescriptor(core), capabilities };
}

async function report(core: NodeCore, call: Call): Promise<UnaryResult> {
  const { rules, options, identity } = core;
  const { suite_version: asked } = call.input;
  if (typeof asked === "string" && !rules.suiteVersionKnown(asked)) {
    throw new NodeError("protocol_version_unknown", `no suite of version ${asked.slice(0, 40)} is known here`);
  }
  if (options.conformance === undefined) return { output: rules.suiteMissingOutput() };
  const made = rules.reportDocument(await options.conformance(typeof asked === "string" ? asked : undefined));
  const signed = signDocument(identity, without(made, "signature", "signature_reason", "tester")) as JsonObject;
  const cid = core.blobs.putBlob(canonicalBytes(signed));
  const { suite_version = null, overall = null } = signed;
  if (rules.reportEventWritten) core.log.append(REPORTED, { report_cid: cid, suite_version, overall });
  return { output: rules.reportOutput({ report_cid: cid, ...countersOf(signed["sections"]) }) };
}

/** Sums of the counters over all sections. */
function countersOf(sections: Json | undefined): { passed: number; failed: number; skipped: number } {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const section of isObject(sections) ? Object.values(sections) : []) {
    if (!isObject(section)) continue;
    for (const name of ["passed", "failed", "skipped"] as const) {
      const value = section[name];
      if (typeof value === "number") sum[name] += value;
    }
  }
  return sum;
}

/** Descriptors by (vendor, name, version); M32 §5.4. */
class ImplementationRegistry {
  readonly #announced = new Map<string, JsonObject>();

  constructor(private readonly core: NodeCore) {}

  list(): JsonObject[] {
    const own = this.core.rules.registryHoldsSelf ? [ownDescriptor(this.core)] : [];
    const key = (entry: JsonObject) => JSON.stringify([entry["vendor"], entry["name"], entry["version"]]);
    const [first] = own;
    const others = [...this.#announced.values()].filter((entry) => first === undefined || key(entry) !== key(first));
    return [...own, ...others];
  }

  /** @throws {NodeError} `protocol_descriptor_invalid`. */
  announce(input: JsonObject): boolean {
    const { rules } = this.core;
    const given = input["descriptor"] ?? input;
    const problem = isObject(given) ? rules.descriptorProblem(given) : "it is no object";
    if (problem !== undefined || !isObject(given)) {
      throw new NodeError("protocol_descriptor_invalid", `the descriptor is refused: ${problem}`);
    }
    const entry = rules.registryEntry(without(given, "client_id"));
    if (canonicalBytes(entry).length > MAX_DESCRIPTOR_BYTES) {
      throw new NodeError("protocol_descriptor_invalid", `a descriptor has at most ${MAX_DESCRIPTOR_BYTES} bytes`);
    }
    if (!rules.registryKeeps) return true;
    const key = rules.registryKey(entry, this.#announced.size);
    const [oldest] = this.#announced.keys();
    if (this.#announced.size >= rules.registrySize && !this.#announced.has(key) && oldest !== undefined) {
      this.#announced.delete(oldest);
    }
    this.#announced.set(key, entry);
    return true;
  }
}
