/** Faults of the reference node: budgets, topics, TLS, and calls to peers. */

import { CALL_HEADERS } from "../../protocol/mod.ts";
import { faults, type OutboundRequest } from "../fault.ts";
import { soundRules } from "../rules.ts";

const MINUTES_MS = 120_000;
/** Calls a stingy limiter lets through. */
const STINGY = 3;
const HALF_MINUTE_MS = 30_000;
/** Longer than any tester waits. */
const LONG_MS = 600_000;
const SHORT_LIFE_DAYS = 90;
/** A signature of the right form that is nobody's. */
const FOREIGN_SIGNATURE = `ed25519:${"A".repeat(86)}`;
const NO_LIMIT = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY };
const { certificate } = soundRules;

/** Changes the headers of outbound calls. */
const onCall =
  (change: (name: string, value: string) => string | undefined) => (request: OutboundRequest): OutboundRequest =>
    request.purpose === "call"
      ? {
        ...request,
        headers: request.headers.flatMap(([name, value]): [string, string][] => {
          const changed = change(name, value);
          return changed === undefined ? [] : [[name, changed]];
        }),
      }
      : request;

export const networkFaults = faults({
  "rate-before-signature": {
    breaks: ["TRN-043"],
    rules: { callChecks: ["rate", "signature", "community", "revoked", "member"] },
  },
  "no-limiter": {
    breaks: ["TRN-059", "TRN-060", "TRN-061", "TRN-063", "TRN-064", "TRN-065"],
    rules: { ratePerCapability: NO_LIMIT, rateTotal: NO_LIMIT },
  },
  "retry-after-zero": {
    breaks: ["TRN-060"],
    rules: { retryAfterMs: () => 0 },
  },
  "limit-bans-for-minutes": {
    breaks: ["TRN-061"],
    rules: { rateBanMs: MINUTES_MS, retryAfterMs: () => 1 },
  },
  "limit-of-three": {
    breaks: ["TRN-062", "*"],
    rules: { ratePerCapability: { soft: STINGY, hard: soundRules.ratePerCapability.hard } },
  },
  "budget-per-capability-only": {
    breaks: ["TRN-058", "TRN-063", "TRN-066"],
    rules: { rateKey: (_, capability) => capability },
  },
  "budget-per-peer-only": {
    breaks: ["TRN-064"],
    rules: { rateKey: (caller) => caller },
  },
  "no-total-budget": {
    breaks: ["TRN-065"],
    rules: { rateTotal: NO_LIMIT },
  },
  "flood-fails": {
    breaks: ["TRN-066"],
    rules: { aboveHard: "fail" },
  },

  "poll-ends-with-204": {
    breaks: ["TRN-067", "TRN-068", "TRN-072"],
    outbound: (answer) =>
      answer.route === "/pubsub/v1/subscribe" && answer.status === 200 && "timeout" in Object(answer.body)
        ? { ...answer, status: 204, headers: [], body: "" }
        : answer,
  },
  "poll-ends-with-408": {
    breaks: ["TRN-067", "TRN-068", "TRN-072"],
    outbound: (answer) =>
      answer.route === "/pubsub/v1/subscribe" && answer.status === 200 && "timeout" in Object(answer.body)
        ? { ...answer, status: 408, body: { error: "timeout" } }
        : answer,
  },
  "poll-timeout-ignored": {
    breaks: [
      "TRN-067",
      "TRN-068",
      "TRN-069",
      "TRN-070",
      "TRN-071",
      "EVT-063",
      "EVT-064",
      "EVT-065",
      "EVT-066",
      "EVT-067",
      "EVT-068",
      "EVT-069",
      "EVT-070",
      "MKT-051",
    ],
    rules: { maxPollSeconds: 0 },
  },
  "poll-returns-at-once": {
    breaks: ["TRN-068"],
    rules: { pollSeconds: 0 },
  },
  "poll-looks-at-the-end": {
    breaks: ["TRN-069", "TRN-070", "TRN-071", "WSK-042", "WSK-043", "WSK-044"],
    rules: { pollWakes: false },
  },
  "last-seq-ignored": {
    breaks: ["TRN-070", "WSK-044", "MKT-051"],
    rules: { pollAfter: (lastSeq, current) => lastSeq === undefined ? current : 0 },
  },
  "sequence-stands-still": {
    breaks: ["TRN-070", "MKT-051"],
    outbound: (answer) =>
      answer.route === "/pubsub/v1/subscribe" && "seq" in Object(answer.body)
        ? { ...answer, body: { ...Object(answer.body), seq: 1 } }
        : answer,
  },
  "message-to-one-subscriber": {
    breaks: ["TRN-071", "WSK-043", "WSK-044", "MKT-051"],
    rules: { deliverToAll: false },
  },
  "topics-are-one": {
    breaks: ["TRN-072", "WSK-045"],
    rules: { topicMatches: () => true },
  },
  "poll-on-no-topic": {
    breaks: ["TRN-073"],
    rules: { requireTopic: false },
  },

  "certificate-for-localhost": {
    breaks: ["TRN-009"],
    rules: { certificate: { ...certificate, commonName: () => "localhost" } },
  },
  "certificate-of-another-key": {
    breaks: ["TRN-010"],
    rules: { certificate: { ...certificate, key: "other" } },
  },
  "certificate-of-ninety-days": {
    breaks: ["TRN-011"],
    rules: { certificate: { ...certificate, lifeDays: SHORT_LIFE_DAYS } },
  },
  "certificate-per-connection": {
    breaks: ["TRN-012"],
    rules: { certificate: { ...certificate, perConnection: true } },
  },
  "certificate-needs-its-name": {
    breaks: ["TRN-013"],
    rules: { certificate: { ...certificate, acceptServerName: (name) => name?.startsWith("unrelated") !== true } },
  },

  "outbound-without-timestamp": {
    breaks: ["TRN-074", "TRN-075"],
    request: onCall((name, value) => name === CALL_HEADERS.timestamp ? undefined : value),
  },
  "outbound-without-community": {
    breaks: ["TRN-074", "TRN-075"],
    request: onCall((name, value) => name === CALL_HEADERS.community ? undefined : value),
  },
  "outbound-from-caller": {
    breaks: ["TRN-074", "TRN-075"],
    request: onCall((name, value) => name === CALL_HEADERS.from ? `${value.slice(0, -2)}AA` : value),
  },
  "outbound-signature-of-caller": {
    breaks: ["TRN-075"],
    request: onCall((name, value) => name === CALL_HEADERS.signature ? FOREIGN_SIGNATURE : value),
  },
  "outbound-body-not-signed": {
    breaks: ["TRN-075", "BUS-044"],
    request: (request) =>
      request.purpose === "call" ? { ...request, body: { ...request.body, forwarded: true } } : request,
  },
  "peer-connection-per-call": {
    breaks: ["TRN-076"],
    rules: { peerConnectionsReused: false },
  },
  "peer-connections-never-closed": {
    breaks: ["TRN-076"],
    rules: { peerIdleMs: LONG_MS },
  },
  "peer-certificate-not-pinned": {
    breaks: ["TRN-077", "OPS-028"],
    rules: { peerCertificatePinned: false },
  },
  "silent-peer-waited-for": {
    breaks: ["TRN-078"],
    rules: { peerDeadlineMs: () => LONG_MS, callDeadlineMs: () => LONG_MS },
  },
  "silent-peer-is-internal-error": {
    breaks: ["TRN-078"],
    rules: {
      peerDeadlineMs: () => HALF_MINUTE_MS,
      statusOf: (code) => code === "timeout" ? 500 : soundRules.statusOf(code),
    },
  },
  "unreachable-peer-is-internal-error": {
    breaks: ["TRN-077", "TRN-079"],
    rules: { unreachableCode: "internal_error" },
  },
});
