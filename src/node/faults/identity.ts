/** Faults of the reference node: identity. */

import { shortId } from "../../protocol/mod.ts";
import { faults, type OutboundAnswer } from "../fault.ts";

const refuseUnsigned = (answer: OutboundAnswer): OutboundAnswer => ({
  ...answer,
  status: 401,
  body: { error: "unauthorized", message: "sign your request" },
});

export const identityFaults = faults({
  "manifest-behind-authentication": {
    breaks: ["IDN-001"],
    outbound: (answer) =>
      answer.route === "/manifest" && !answer.request.headers.has("x-hearthnet-signature")
        ? refuseUnsigned(answer)
        : answer,
  },
  "manifest-without-load": {
    breaks: ["IDN-002", "IDN-013"],
    document: (kind, { load, ...rest }) =>
      kind === "node-manifest" ? rest : { ...rest, ...(load === undefined ? {} : { load }) },
  },
  "manifest-version-is-contract": {
    breaks: ["IDN-003"],
    document: (kind, value) => kind === "node-manifest" ? { ...value, version: "1.0" } : value,
  },
  "manifest-node-id-short": {
    breaks: ["IDN-005"],
    document: (kind, value) => kind === "node-manifest" ? { ...value, node_id: shortId(String(value.node_id)) } : value,
  },
  "manifest-profile-capitalised": {
    breaks: ["IDN-007"],
    rules: { profile: "Anchor" },
  },
  "manifest-ttl-300": {
    breaks: ["IDN-016"],
    rules: { manifestTtlSeconds: 300 },
  },
});
