/** Numbers and decisions of the reference node: self-description, reports, feature switch. Each names the source it follows. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";

export interface ProtocolRules {
  /** Answer of protocol.version.list `implementation` and of protocol.self.describe. */
  readonly implementation: {
    readonly name: string;
    readonly vendor: string;
    readonly version: string;
    readonly commit: string;
    readonly homepage_url: string | null;
    readonly contact: string | null;
  };
  /** Contract versions the node speaks, ascending (PRO-002, PRO-003). */
  readonly contractVersions: readonly string[];
  /** The same as three-part protocol versions (PRO-009, PRO-011). */
  readonly protocolVersions: readonly string[];
  /** Output of protocol.version.list before it is sent (PRO-002 to PRO-007). */
  readonly versionListOutput: (output: JsonObject) => JsonObject;
  /** Output of protocol.self.describe before it is sent (PRO-008 to PRO-014). */
  readonly describeOutput: (output: JsonObject) => JsonObject;
  /** Tier of a capability in self.describe (M32 §5.2; PRO-012, PRO-013). */
  readonly tierOf: (name: string, stability: string) => string;
  /** Whether a report may be listed under `conformance_passed` (PRO-007). */
  readonly claimsPassed: (overall: Json) => boolean;
  /** Whether a suite version is one the node could run (PRO-019). */
  readonly suiteVersionKnown: (version: string) => boolean;
  /** Output without a suite (PRO-018). */
  readonly suiteMissingOutput: () => JsonObject;
  /** Output of a report call before it is sent (PRO-016, PRO-017). */
  readonly reportOutput: (output: JsonObject) => JsonObject;
  /** A report document before it is signed and stored (PRO-040 to PRO-052). */
  readonly reportDocument: (report: JsonObject) => JsonObject;
  /** Whether a report is made known by an event (PRO-020). */
  readonly reportEventWritten: boolean;
  /** Whether the registry holds the node itself (PRO-021). */
  readonly registryHoldsSelf: boolean;
  /** Whether announced descriptors are kept (PRO-022). */
  readonly registryKeeps: boolean;
  /** What is wrong with a descriptor; undefined: nothing (PRO-023). */
  readonly descriptorProblem: (descriptor: JsonObject) => string | undefined;
  /** Descriptors of one key replace each other (PRO-024, PRO-025). */
  readonly registryKey: (descriptor: JsonObject, count: number) => string;
  /** A descriptor as it is kept (PRO-026). */
  readonly registryEntry: (descriptor: JsonObject) => JsonObject;
  /** Descriptors kept; the oldest announced one gives way. */
  readonly registrySize: number;
  /** Manifest flag `experimental_capabilities_enabled`; false also keeps `experimental.*` out of it (CONTRACT3 §6.1; PRO-028). */
  readonly experimentalEnabled: boolean;
  /** Whether a name belongs to the experimental capabilities of contract 3 (PRO-030). */
  readonly isContractExperimental: (name: string) => boolean;
  /** Whether the feature switch precedes validation (PRO-031). */
  readonly experimentalSwitchFirst: boolean;
}

/** Three numbers and an optional suffix (M32 §4.1). */
const PROTOCOL_VERSION = /^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$/;
/** Prefixes of the experimental areas contract 3 names; `experimental.echo` and the like stay free for anyone. */
const CONTRACT_EXPERIMENTAL: readonly string[] = [
  "experimental.moe.",
  "experimental.fedlearn.",
  "experimental.distributed_llm.",
  "experimental.evidence.",
  "experimental.civdef.",
];
const SUITE_MAJORS: readonly string[] = ["1", "2", "3"];

function isProtocolVersion(value: Json): boolean {
  if (typeof value === "string") return PROTOCOL_VERSION.test(value);
  return isObject(value) && ["major", "minor", "patch"].every((part) => Number.isSafeInteger(value[part]));
}

function descriptorProblem(descriptor: JsonObject): string | undefined {
  for (const member of ["name", "vendor", "version"]) {
    const value = descriptor[member];
    if (typeof value !== "string" || value === "") return `${member} is no text`;
  }
  const versions = descriptor["protocol_versions"];
  if (!Array.isArray(versions) || versions.length === 0) return "protocol_versions is no list with an entry";
  if (!versions.every(isProtocolVersion)) return "protocol_versions holds an entry that is no version";
  for (const member of ["homepage_url", "contact"]) {
    const value = descriptor[member] ?? null;
    if (value !== null && typeof value !== "string") return `${member} is neither text nor null`;
  }
  return undefined;
}

export const protocolRules: ProtocolRules = {
  implementation: {
    name: "hearthproof-reference",
    vendor: "hearthproof",
    version: "0.1.0",
    commit: "",
    homepage_url: null,
    contact: null,
  },
  contractVersions: ["1.0", "2.0", "3.0"],
  protocolVersions: ["1.0.0", "2.0.0", "3.0.0"],
  versionListOutput: (output) => output,
  describeOutput: (output) => output,
  tierOf: (name, stability) =>
    name.startsWith("experimental.") ? "experimental" : stability === "beta" ? "provisional" : "stable",
  claimsPassed: (overall) => overall === "pass",
  suiteVersionKnown: (version) => SUITE_MAJORS.includes(version.split(".", 1)[0] ?? ""),
  suiteMissingOutput: () => ({ overall: "skipped", reason: "suite_not_installed" }),
  reportOutput: (output) => output,
  reportDocument: (report) => report,
  reportEventWritten: true,
  registryHoldsSelf: true,
  registryKeeps: true,
  descriptorProblem,
  registryKey: ({ vendor, name, version }) => JSON.stringify([vendor, name, version]),
  registryEntry: (descriptor) => descriptor,
  registrySize: 1000,
  experimentalEnabled: false,
  isContractExperimental: (name) => CONTRACT_EXPERIMENTAL.some((prefix) => name.startsWith(prefix)),
  experimentalSwitchFirst: true,
};
