/** Faults of the reference node: streams and subscriptions over WebSocket. */

import { faults, type OutboundFrame } from "../fault.ts";
import { sseText } from "../http/stream_writer.ts";

/** A change of the frames of calls and subscriptions on WebSockets; uploads have faults of their own. */
function onSocket(change: (frame: OutboundFrame) => readonly OutboundFrame[]) {
  return (frame: OutboundFrame) =>
    frame.channel === "websocket" && !frame.capability.startsWith("file.put") ? change(frame) : [frame];
}

export const websocketStreamFaults = faults({
  "websocket-sends-sse-text": {
    breaks: [
      "WSK-010",
      "WSK-012",
      "WSK-013",
      "WSK-014",
      "WSK-015",
      "WSK-016",
      "WSK-017",
      "WSK-020",
      "WSK-021",
      "WSK-022",
      "WSK-023",
      "WSK-024",
      "WSK-025",
      "WSK-026",
      "WSK-027",
      "WSK-028",
      "WSK-030",
      "WSK-031",
      "WSK-033",
      "WSK-034",
      "WSK-037",
      "WSK-042",
      "WSK-043",
      "WSK-044",
      "WSK-047",
    ],
    frame: onSocket((frame) => [{ ...frame, raw: sseText(frame) }]),
  },
  "websocket-seq-is-constant": {
    breaks: ["WSK-021", "WSK-029", "WSK-032", "WSK-034", "WSK-047"],
    rules: { messageSeq: () => 0 },
  },
  "websocket-without-done": {
    breaks: ["WSK-022", "WSK-023", "WSK-024", "WSK-031", "LLM-028", "LLM-051"],
    frame: onSocket((frame) => frame.event === "done" ? [] : [frame]),
  },
  "websocket-token-after-done": {
    breaks: ["WSK-022", "LLM-028"],
    frame: onSocket((frame) => frame.event === "done" ? [frame, { ...frame, event: "progress", data: {} }] : [frame]),
  },
  "websocket-stays-open": {
    breaks: ["WSK-023"],
    rules: { closesAfterTerminal: () => false },
  },
  "websocket-renames-chunk": {
    breaks: ["WSK-024", "WSK-031", "WSK-047"],
    frame: onSocket((frame) => [frame.event === "chunk" ? { ...frame, event: "data" } : frame]),
  },
  "websocket-errors-are-internal": {
    breaks: ["WSK-012", "WSK-013", "WSK-014", "WSK-015", "WSK-016", "WSK-025", "WSK-026", "WSK-036", "WSK-037"],
    frame: onSocket((frame) => [
      frame.event === "error" ? { ...frame, data: { ...frame.data, error: "internal_error" } } : frame,
    ]),
  },
  "websocket-error-is-bare-text": {
    breaks: ["WSK-012", "WSK-013", "WSK-014", "WSK-015", "WSK-016", "WSK-025", "WSK-026"],
    frame: onSocket((frame) => [
      frame.event === "error" ? { ...frame, data: { text: frame.data.message ?? "failed" } } : frame,
    ]),
  },
  "websocket-empty-pongs": {
    breaks: ["WSK-041"],
    rules: { pongPayload: () => new Uint8Array(0) },
  },
  "websocket-shared-send-queue": {
    breaks: ["WSK-037", "WSK-047"],
    rules: { ownSendQueue: false },
  },
  "websocket-never-idle": {
    breaks: ["WSK-039"],
    rules: { websocketIdleMs: Infinity },
  },
  "websocket-never-pings": {
    breaks: ["WSK-040"],
    rules: { pingMs: Infinity },
  },
  "websocket-for-calls-only": {
    breaks: ["WSK-042", "WSK-043", "WSK-044", "WSK-045"],
    rules: { upgradableRoutes: ["/bus/v1/call"] },
  },
  "websocket-publishes-ids": {
    breaks: ["WSK-043"],
    frame: onSocket((frame) => [
      frame.event === "published" ? { ...frame, data: { event_id: frame.data.event_id ?? null } } : frame,
    ]),
  },
  "websocket-repeats-backlog": {
    breaks: ["WSK-044"],
    rules: { backlogAfter: (since, current) => since === undefined ? current : 0 },
  },
  "websocket-broadcasts-all-topics": {
    breaks: ["TRN-072", "WSK-045"],
    rules: { topicMatches: () => true },
  },
});
