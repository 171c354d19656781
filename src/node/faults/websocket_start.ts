/** Faults of the reference node: the upgrade and the first message of a WebSocket. */

import { isObject } from "../../protocol/mod.ts";
import { faults, type OutboundAnswer } from "../fault.ts";
import { verifySignature } from "../rules/transport.ts";
import { SUBPROTOCOL } from "../rules/websocket.ts";

/** Accept value of the example in RFC 6455 §1.3. */
const EXAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/** Characters that a node holds before it runs out of memory: far above what calls need, below 16 MiB. */
const MEMORY = 8 * 1_048_576;
/** Capabilities that never stream. */
const UNARY: readonly string[] = ["rag.list_corpora", "market.list", "file.list", "embed.text"];

function without(answer: OutboundAnswer, status: number, name: string): OutboundAnswer {
  if (answer.status !== status) return answer;
  return { ...answer, headers: answer.headers.filter(([n]) => n.toLowerCase() !== name) };
}

export const websocketStartFaults = faults({
  "websocket-constant-accept": {
    breaks: ["WSK-001"],
    rules: { acceptValue: () => EXAMPLE_ACCEPT },
  },
  "websocket-without-subprotocol": {
    breaks: ["WSK-002", "WSK-003"],
    outbound: (answer) => without(answer, 101, "sec-websocket-protocol"),
  },
  "websocket-echoes-subprotocols": {
    breaks: ["WSK-003"],
    rules: { selectSubprotocol: (offered) => offered.includes(SUBPROTOCOL) ? offered.join(", ") : undefined },
  },
  "websocket-takes-any-subprotocol": {
    breaks: ["WSK-003", "WSK-004", "WSK-005"],
    rules: { selectSubprotocol: ([first]) => first },
  },
  "websocket-refusal-without-versions": {
    breaks: ["WSK-005"],
    outbound: (answer) => without(answer, 426, "sec-websocket-protocol"),
  },
  "websocket-absence-drops-connection": {
    breaks: ["WSK-004", "WSK-005", "WSK-006"],
    outbound: (answer) => answer.status === 426 ? { ...answer, connection: "drop" } : answer,
  },
  "websocket-on-every-route": {
    breaks: ["WSK-008"],
    rules: { upgradableRoutes: ["/bus/v1/call", "/pubsub/v1/subscribe", "/sync/v1/events"] },
  },
  "websocket-upgrades-unary-silently": {
    breaks: ["WSK-009"],
    rules: { upgradeUnary: true },
    frame: (frame) => frame.channel === "websocket" && UNARY.includes(frame.capability) ? [] : [frame],
  },
  "websocket-expects-bare-body": {
    breaks: [
      "WSK-010",
      "WSK-012",
      "WSK-013",
      "WSK-016",
      "WSK-021",
      "WSK-023",
      "WSK-024",
      "WSK-025",
      "WSK-026",
      "WSK-027",
      "WSK-028",
      "WSK-029",
      "WSK-030",
      "WSK-031",
      "WSK-033",
      "WSK-034",
      "WSK-035",
      "WSK-047",
    ],
    rules: {
      readCallMessage: (message, upgrade) =>
        isObject(message.input) ? { envelope: { ...upgrade, body: message }, signature: undefined } : undefined,
    },
  },
  "websocket-starts-from-headers": {
    breaks: ["WSK-011", "WSK-012", "WSK-013", "WSK-014", "WSK-015", "WSK-016", "WSK-017", "WSK-024"],
    rules: { greeting: [{ event: "progress", data: { started: true } }] },
  },
  "websocket-trusts-upgrade-signature": {
    breaks: ["WSK-012", "WSK-013", "WSK-014"],
    rules: { verifyCallMessage: () => true },
  },
  "websocket-signature-skips-envelope": {
    breaks: ["WSK-013"],
    rules: {
      // Whatever capability was signed for: the name is not covered.
      verifyCallMessage: (request) =>
        request.core.bus.descriptors().some(({ name }) =>
          verifySignature({ ...request, envelope: { ...request.envelope, capability: name } })
        ),
    },
  },
  "websocket-accepts-unsigned": {
    breaks: ["WSK-014"],
    rules: { verifyCallMessage: (request) => request.signature === undefined || verifySignature(request) },
  },
  "websocket-ignores-upgrade-headers": {
    breaks: ["WSK-015"],
    rules: { envelopeMustMatchUpgrade: false },
  },
  "websocket-admits-strangers": {
    breaks: ["WSK-016"],
    rules: {
      messageChecks: ["signature", "community", "revoked", "rate"],
      messageLevel: (level) => level === "unknown" ? "member" : level,
    },
  },
  "websocket-half-open-after-bad-start": {
    breaks: ["WSK-017"],
    rules: { badFirstMessage: (kind) => kind === "not-call" ? "stop-reading" : "refuse" },
  },
  "websocket-bad-json-kills-node": {
    breaks: ["WSK-018"],
    rules: { badFirstMessage: (kind) => kind === "not-json" ? "crash" : "refuse" },
  },
  "websocket-drops-binary": {
    breaks: ["WSK-027"],
    rules: { acceptBinary: false },
  },
  "websocket-parses-fragments": {
    breaks: ["WSK-028"],
    rules: { reassemble: false },
  },
  "websocket-huge-message-kills-node": {
    breaks: ["WSK-038"],
    rules: {
      maxMessageBytes: Infinity,
      fatalMessageLength: MEMORY,
    },
  },
});
