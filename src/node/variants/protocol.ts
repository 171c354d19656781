/** Sound variants of the reference node: protocol. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import { variants } from "../fault.ts";

/** A protocol version as an object (M32 §4.1). */
function asObject(version: Json): Json {
  const [major = 0, minor = 0, patch = 0] = String(version).split(".").map(Number);
  return { major, minor, patch, suffix: null };
}

/** `output` of the registry as a bare array. */
function bare(body: JsonObject): JsonObject {
  const { output } = body;
  return isObject(output) && Array.isArray(output.implementations) ? { ...body, output: output.implementations } : body;
}

export const protocolVariants = variants({
  "protocol-module-readings": {
    reading: "the descriptor lies under output.descriptor with versions as objects (M32 §4.1), a missing suite is an " +
      "error (M32 §6), tiers are called stability, the registry answers a bare array, switched off capabilities are " +
      "not_found (CONTRACT3 §9)",
    rules: {
      describeOutput: ({ capabilities = [], ...descriptor }) => ({
        descriptor: {
          ...descriptor,
          protocol_versions: (descriptor.protocol_versions as Json[]).map(asObject),
        },
        capabilities: (capabilities as JsonObject[]).map(({ tier = null, ...entry }) => ({
          ...entry,
          stability: tier,
        })),
      }),
      suiteMissingOutput: () => {
        throw new NodeError("protocol_suite_not_installed", "the suite is not installed here");
      },
      isContractExperimental: () => false,
    },
    outbound: (answer) =>
      answer.capability === "protocol.registry.list" && isObject(answer.body)
        ? { ...answer, body: bare(answer.body) }
        : answer,
  },
  "protocol-other-versions": {
    reading: "protocol versions carry a suffix (M32 §4.1)",
    rules: { protocolVersions: ["1.0.0", "2.0.0", "3.0.0-rc1"] },
  },
});
