/** Faults of the reference node: health, traces, logs and the emergency mode. */

import { CALL_HEADERS, isObject, type JsonObject } from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import { faults, type OutboundAnswer } from "../fault.ts";

/** A trace id as nodes make them that know no ULIDs. */
const HEX_TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
/** A ULID that no caller sent. */
const OWN_TRACE_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const REMOTE_MODEL = "hearth-remote";

function unsigned(answer: OutboundAnswer): boolean {
  return !answer.request.headers.has(CALL_HEADERS.signature.toLowerCase());
}

function withTrace(answer: OutboundAnswer, entry: JsonObject): OutboundAnswer {
  if (answer.route !== "/trace/recent" || !isObject(answer.body) || !Array.isArray(answer.body.traces)) return answer;
  return { ...answer, body: { ...answer.body, traces: [...answer.body.traces, entry] } };
}

export const operabilityWatchFaults = faults({
  "health-needs-signature": {
    breaks: ["OPS-029"],
    outbound: (answer) =>
      answer.route === "/health" && unsigned(answer)
        ? { ...answer, status: 401, body: { error: "invalid_signature" } }
        : answer,
  },
  "always-ready": {
    breaks: ["OPS-030"],
    rules: { isReady: () => true },
  },
  "never-ready": {
    breaks: ["OPS-031"],
    rules: { isReady: () => false },
  },
  "own-trace-ids": {
    breaks: ["OPS-045", "OPS-047"],
    rules: { traceId: () => OWN_TRACE_ID },
  },
  "hex-ids-for-internal-calls": {
    breaks: ["OPS-046"],
    outbound: (answer) => withTrace(answer, { trace_id: HEX_TRACE_ID, capability: "internal.refresh" }),
  },
  "traces-only-start-times": {
    breaks: ["OPS-047"],
    rules: { tracedCall: ({ trace_id: id = null, ts = null }) => ({ trace_id: id, ts }) },
  },
  "emergency-never-entered": {
    breaks: ["OPS-048"],
    rules: { entersMode: (current) => current },
  },
  "remote-models-advertised-offline": {
    breaks: ["OPS-048"],
    rules: {
      advertisedEntries: (entries) => {
        const chat = entries.find(({ name }) => name === "llm.chat");
        if (chat === undefined) return entries;
        const params = { ...chat.params, model: REMOTE_MODEL, requires_internet: true };
        return [...entries, { ...chat, params }];
      },
    },
  },
  "offline-until-restart": {
    breaks: ["OPS-049"],
    rules: { entersMode: (current, seen) => current === "offline" ? current : seen },
  },
  "calls-wait-for-internet": {
    breaks: ["OPS-050"],
    rules: {
      admits: (_caller, level, core) => {
        if (core.emergency.mode === "offline") throw new NodeError("timeout", "Cannot call: the internet is gone");
        return level !== "unknown";
      },
    },
  },
  "logs-as-plain-text": {
    breaks: ["OPS-051", "OPS-052"],
    rules: { logLine: ({ ts, level, msg }) => `${String(ts)} [${String(level)}] ${String(msg)}` },
  },
  "logs-in-local-time": {
    breaks: ["OPS-051"],
    rules: { logLine: (entry) => JSON.stringify({ ...entry, ts: String(entry.ts).replace("Z", "+02:00") }) },
  },
  "logs-without-trace-ids": {
    breaks: ["OPS-052"],
    rules: { logsTraceIds: false },
  },
});
