/** Faults of the reference node: self-description, reports, registry, feature switch. */

import {
  canonicalBytes,
  type CapabilityEntry,
  cidOf,
  isObject,
  type Json,
  type JsonObject,
} from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import { faults } from "../fault.ts";
import { busRules } from "../rules/bus.ts";
import { protocolRules } from "../rules/protocol.ts";

const NOBODY_HOLDS = `blake3:${"0".repeat(64)}`;
const ROUTE = "experimental.moe.route";
/** Versions from here on are in the future of every node of today. */
const FUTURE = /^[4-9]|^\d\d/;

/** Changes members of a self-description that are objects. */
function implementation(output: JsonObject, changes: JsonObject): JsonObject {
  return { ...output, implementation: { ...isObject(output.implementation) ? output.implementation : {}, ...changes } };
}

function experimental(name: string): CapabilityEntry {
  return {
    name,
    version: "1.0",
    stability: "experimental",
    schema_hash: cidOf(canonicalBytes(name)),
    params: {},
    max_concurrent: 1,
  };
}

function futureVersion(versions: Json | undefined): boolean {
  return Array.isArray(versions) && versions.some((version) => typeof version === "string" && FUTURE.test(version));
}

/** Changes node manifests before they are signed. */
function manifests(
  change: (manifest: JsonObject) => JsonObject,
): { document: (kind: string, value: JsonObject) => JsonObject } {
  return { document: (kind, value) => kind === "node-manifest" ? change(value) : value };
}

function withoutMember(value: JsonObject, name: string): JsonObject {
  const { [name]: _, ...rest } = value;
  return rest;
}

function entriesOf({ capabilities }: JsonObject): Json[] {
  return Array.isArray(capabilities) ? capabilities : [];
}

export const protocolFaults = faults({
  "version-list-for-members": {
    breaks: ["PRO-001"],
    rules: { requiredTrust: (name, declared) => name === "protocol.version.list" ? "member" : declared },
  },
  "contract-versions-as-numbers": {
    breaks: ["PRO-002", "PRO-003", "PRO-011"],
    rules: { versionListOutput: (output) => ({ ...output, contract_versions: [1, 2, 3] }) },
  },
  "contract-versions-twice": {
    breaks: ["PRO-002"],
    rules: { versionListOutput: (output) => ({ ...output, contract_versions: ["1.0", "2.0", "3.0", "3.0"] }) },
  },
  "version-list-without-own-contract": {
    breaks: ["PRO-003"],
    rules: { versionListOutput: (output) => ({ ...output, contract_versions: ["1.0", "2.0", "3.1"] }) },
  },
  "conformance-passed-is-boolean": {
    breaks: ["PRO-004"],
    rules: { versionListOutput: (output) => ({ ...output, conformance_passed: true }) },
  },
  "conformance-passed-with-short-cid": {
    breaks: ["PRO-004"],
    rules: {
      versionListOutput: (output) => ({
        ...output,
        conformance_passed: [{ suite: "3.0", report_cid: NOBODY_HOLDS.slice(0, 19) }],
      }),
    },
  },
  "version-list-without-implementation": {
    breaks: ["PRO-005", "PRO-010"],
    rules: { versionListOutput: (output) => withoutMember(output, "implementation") },
  },
  "implementation-version-empty": {
    breaks: ["PRO-005", "PRO-010"],
    rules: { versionListOutput: (output) => implementation(output, { version: "" }) },
  },
  "claims-report-nobody-holds": {
    breaks: ["PRO-006"],
    rules: {
      versionListOutput: (output) => ({
        ...output,
        conformance_passed: [{ suite: "3.0", report_cid: NOBODY_HOLDS }],
      }),
    },
  },
  "claims-every-report": {
    breaks: ["PRO-007"],
    rules: { claimsPassed: () => true },
  },
  "describe-is-node-manifest": {
    breaks: ["PRO-008", "PRO-009", "PRO-010", "PRO-011", "PRO-012", "PRO-021"],
    rules: {
      describeOutput: () => ({ version: 1, contract_version: "3.0", display_name: "node", profile: "hearth" }),
    },
  },
  "describe-without-vendor": {
    breaks: ["PRO-008", "PRO-021"],
    rules: { describeOutput: (output) => ({ ...output, vendor: "" }) },
  },
  "protocol-version-with-letter": {
    breaks: ["PRO-009", "PRO-011"],
    rules: { describeOutput: (output) => ({ ...output, protocol_versions: ["v3"] }) },
  },
  "implementation-version-outdated": {
    breaks: ["PRO-010"],
    rules: { versionListOutput: (output) => implementation(output, { version: "0.0.1" }) },
  },
  "protocol-version-ahead": {
    breaks: ["PRO-011"],
    rules: {
      describeOutput: (output) => ({ ...output, protocol_versions: [...protocolRules.protocolVersions, "4.0.0"] }),
    },
  },
  "describe-without-tiers": {
    breaks: ["PRO-012"],
    rules: {
      describeOutput: (output) => ({
        ...output,
        capabilities: entriesOf(output).map((entry) => isObject(entry) ? withoutMember(entry, "tier") : entry),
      }),
    },
  },
  "tier-experimental-outside": {
    breaks: ["PRO-013"],
    rules: {
      tierOf: (name, stability) => name === "rag.query" ? "experimental" : protocolRules.tierOf(name, stability),
    },
  },
  "describe-unregistered": {
    breaks: ["PRO-014"],
    rules: {
      describeOutput: (output) => ({
        ...output,
        capabilities: [...entriesOf(output), { name: "market.feed", version: "1.0", tier: "stable" }],
      }),
    },
  },

  "report-for-members": {
    breaks: ["PRO-015"],
    rules: { requiredTrust: (name, declared) => name === "protocol.conformance.report" ? "member" : declared },
  },
  "report-for-trusted-members": {
    breaks: ["PRO-015"],
    rules: { requiredTrust: (name, declared) => name === "protocol.conformance.report" ? "trusted" : declared },
  },
  "report-answers-ok-only": {
    breaks: ["PRO-016", "PRO-017", "PRO-020"],
    rules: { reportOutput: () => ({ ok: true }) },
  },
  "report-counts-as-text": {
    breaks: ["PRO-016", "PRO-017"],
    rules: {
      reportOutput: ({ passed = null, failed = null, skipped = null, ...rest }) => ({
        ...rest,
        passed: String(passed),
        failed: String(failed),
        skipped: String(skipped),
      }),
    },
  },
  "report-counts-skipped-as-passed": {
    breaks: ["PRO-017"],
    rules: { reportOutput: (output) => ({ ...output, passed: Number(output.passed) + Number(output.skipped) }) },
  },
  "report-canned": {
    breaks: ["PRO-018"],
    rules: { suiteMissingOutput: () => ({ report_cid: NOBODY_HOLDS, passed: 100, failed: 0, skipped: 0 }) },
  },
  "report-of-any-suite-version": {
    breaks: ["PRO-019"],
    rules: { suiteVersionKnown: () => true },
  },
  "report-not-logged": {
    breaks: ["PRO-020"],
    rules: { reportEventWritten: false },
  },

  "registry-without-the-node": {
    breaks: ["PRO-021"],
    rules: { registryHoldsSelf: false },
  },
  "registry-drops-announced": {
    breaks: ["PRO-022", "PRO-024", "PRO-025", "PRO-026"],
    rules: { registryKeeps: false },
  },
  "registry-takes-anything": {
    breaks: ["PRO-023"],
    rules: { descriptorProblem: () => undefined },
  },
  "registry-grows-with-every-announcement": {
    breaks: ["PRO-024"],
    rules: { registryKey: (_, count) => String(count) },
  },
  "registry-by-name-only": {
    breaks: ["PRO-025"],
    rules: { registryKey: ({ name }) => JSON.stringify(name) },
  },
  "registry-refuses-future-versions": {
    breaks: ["PRO-026"],
    rules: {
      descriptorProblem: (descriptor) =>
        futureVersion(descriptor.protocol_versions)
          ? "protocol_versions names an unknown version"
          : protocolRules.descriptorProblem(descriptor),
    },
  },
  "registry-rewrites-future-versions": {
    breaks: ["PRO-026"],
    rules: {
      registryEntry: (descriptor) =>
        futureVersion(descriptor.protocol_versions) ? { ...descriptor, protocol_versions: ["3.0.0"] } : descriptor,
    },
  },

  "experimental-advertised-while-off": {
    breaks: ["PRO-028", "PRO-029"],
    rules: { advertisedEntries: (entries) => [...entries, experimental(ROUTE)] },
  },
  "experimental-flag-left-out": {
    breaks: ["PRO-028", "PRO-029", "PRO-032"],
    rules: { experimentalEnabled: true, advertisedEntries: (entries) => [...entries, experimental(ROUTE)] },
    ...manifests((manifest) => withoutMember(manifest, "experimental_capabilities_enabled")),
  },
  "experimental-served-while-off": {
    breaks: ["PRO-030", "PRO-031"],
    rules: {
      experimentalSwitchFirst: false,
      answerUnregistered: (capability) => capability === ROUTE ? { experts: [] } : undefined,
    },
  },
  "experimental-validated-first": {
    breaks: ["PRO-031"],
    rules: { experimentalSwitchFirst: false },
  },
  "opt-ins-as-text": {
    breaks: ["PRO-032"],
    ...manifests((manifest) => ({
      ...manifest,
      research_opt_in: { fedlearn: "false", distributed_inference: "false", moe_human_routing: "false" },
    })),
  },
  "civdef-profile-left-out": {
    breaks: ["PRO-032"],
    ...manifests((manifest) => withoutMember(manifest, "civdef_profile")),
  },
  "fedlearn-without-opt-in": {
    breaks: ["PRO-033"],
    rules: {
      experimentalEnabled: true,
      advertisedEntries: (entries) => [...entries, experimental("experimental.fedlearn.round.start")],
    },
  },
  "core-down-without-conformance": {
    breaks: ["PRO-035", "BUS-013", "FIL-016", "FIL-025", "FIL-026", "FIL-027", "FIL-028", "FIL-033"],
    rules: {
      readBody: (body, descriptor) => {
        if (descriptor.name !== "file.list") return busRules.readBody(body, descriptor);
        throw new NodeError("conformance_failed", "no anchor of this community has passed the suite");
      },
    },
  },
});
