/** Faults of the reference node: streams and what keeps them running. */

import { CALL_HEADERS } from "../../protocol/mod.ts";
import { faults, type OutboundAnswer } from "../fault.ts";

/** Frames of a node that takes the window of the WebSocket for one of SSE. */
const WINDOW_FRAMES = 16;
const EVENT_STREAM = "text/event-stream";

const isStream = ({ status, headers }: OutboundAnswer) =>
  status === 200 && headers.some(([name, value]) => name === "Content-Type" && value.startsWith(EVENT_STREAM));

/** Drops the HearthNet headers of event streams. */
const withoutHeaders = (only?: string) => (answer: OutboundAnswer): OutboundAnswer =>
  isStream(answer) && (only === undefined || answer.capability === only)
    ? {
      ...answer,
      headers: answer.headers.filter(([n]) => n !== CALL_HEADERS.request_id && n !== CALL_HEADERS.from),
    }
    : answer;

export const streamFaults = faults({
  "streams-as-json": {
    breaks: [
      "TRN-045",
      "TRN-046",
      "TRN-047",
      "TRN-048",
      "TRN-049",
      "TRN-050",
      "TRN-051",
      "TRN-052",
      "TRN-054",
      "TRN-056",
      "TRN-057",
      "TRN-058",
      "WSK-024",
      "BUS-047",
      "PRO-017",
      "FIL-022",
      "FIL-005",
      "FIL-006",
      "FIL-007",
      "FIL-008",
      "FIL-009",
      "FIL-010",
      "FIL-011",
      "FIL-012",
      "FIL-013",
      "FIL-014",
      "FIL-016",
      "FIL-017",
      "FIL-045",
      "FIL-048",
      "LLM-001",
      "LLM-002",
      "LLM-003",
      "LLM-005",
      "LLM-006",
      "LLM-018",
      "LLM-019",
      "LLM-020",
      "LLM-026",
      "LLM-022",
      "LLM-023",
      "LLM-024",
      "LLM-025",
      "LLM-044",
      "LLM-037",
      "LLM-041",
      "LLM-043",
      "LLM-046",
      "LLM-047",
      "LLM-048",
      "LLM-049",
      "LLM-050",
      "LLM-054",
      "LLM-056",
      "CHT-044",
    ],
    outbound: (answer) => ({
      ...answer,
      headers: isStream(answer)
        ? answer.headers.map(([name, value]) => name === "Content-Type" ? [name, "application/json"] : [name, value])
        : answer.headers,
    }),
    frame: (frame) =>
      frame.channel === "sse"
        ? [{ ...frame, raw: `${JSON.stringify({ event: frame.event, ...frame.data })}\n` }]
        : [frame],
  },
  "stream-without-headers": {
    breaks: ["TRN-046"],
    outbound: withoutHeaders(),
  },
  "file-stream-without-headers": {
    breaks: ["TRN-046"],
    outbound: withoutHeaders("file.read"),
  },
  "frames-pretty-printed": {
    breaks: ["TRN-047", "LLM-003"],
    frame: (frame) => {
      if (frame.channel !== "sse") return [frame];
      const lines = JSON.stringify(frame.data, null, 2).split("\n").map((line) => `data: ${line}\n`).join("");
      return [{ ...frame, raw: `event: ${frame.event}\n${lines}\n` }];
    },
  },
  "frames-with-bare-text": {
    breaks: ["TRN-047", "LLM-002", "LLM-025"],
    frame: (frame) =>
      frame.channel === "sse" && frame.event === "token"
        ? [{ ...frame, raw: `event: token\ndata: ${JSON.stringify(frame.data.text ?? "")}\n\n` }]
        : [frame],
  },
  "streams-just-end": {
    breaks: [
      "TRN-048",
      "TRN-049",
      "TRN-056",
      "TRN-058",
      "WSK-024",
      "BUS-047",
      "PRO-017",
      "FIL-014",
      "LLM-002",
      "LLM-005",
      "LLM-006",
      "LLM-018",
      "LLM-019",
      "LLM-020",
      "LLM-026",
      "LLM-022",
      "LLM-023",
      "LLM-024",
      "LLM-025",
      "LLM-044",
      "LLM-041",
      "LLM-043",
      "LLM-046",
      "LLM-047",
      "LLM-048",
      "LLM-049",
      "LLM-050",
      "LLM-054",
      "LLM-056",
      "CHT-043",
      "CHT-044",
    ],
    frame: (frame) => frame.channel === "sse" && frame.event === "done" ? [] : [frame],
  },
  "done-after-error-frame": {
    breaks: [
      "TRN-048",
      "TRN-049",
      "TRN-058",
      "WSK-024",
      "BUS-047",
      "LLM-002",
      "LLM-005",
      "LLM-006",
      "LLM-018",
      "LLM-019",
      "LLM-020",
      "LLM-026",
      "LLM-022",
      "LLM-023",
      "LLM-024",
      "LLM-025",
      "LLM-044",
      "LLM-041",
      "LLM-043",
      "LLM-046",
      "LLM-047",
      "LLM-048",
      "LLM-049",
      "LLM-050",
      "LLM-054",
      "LLM-056",
    ],
    frame: (frame) =>
      frame.channel === "sse" && frame.event === "done"
        ? [{ ...frame, event: "error", data: { error: "internal_error", message: "late" } }, frame]
        : [frame],
  },
  "stream-kept-open": {
    breaks: ["TRN-049"],
    rules: { closeAfterTerminal: false },
  },
  "statistics-after-done": {
    breaks: ["TRN-049", "TRN-050", "WSK-024", "BUS-047", "PRO-017", "FIL-014", "CHT-043", "CHT-044"],
    frame: (frame) =>
      frame.channel === "sse" && frame.event === "done"
        ? [frame, { ...frame, event: "statistics", data: { frames: frame.index + 1 } }]
        : [frame],
  },
  "frames-named-message": {
    breaks: [
      "TRN-050",
      "WSK-024",
      "BUS-047",
      "PRO-017",
      "FIL-022",
      "FIL-005",
      "FIL-006",
      "FIL-007",
      "FIL-008",
      "FIL-009",
      "FIL-010",
      "FIL-011",
      "FIL-012",
      "FIL-013",
      "FIL-014",
      "FIL-016",
      "FIL-017",
      "FIL-045",
      "FIL-048",
      "LLM-002",
      "LLM-025",
      "LLM-041",
      "LLM-046",
      "LLM-047",
      "LLM-049",
      "LLM-050",
      "LLM-056",
    ],
    frame: (frame) =>
      frame.channel === "sse" && frame.event !== "done" && frame.event !== "error"
        ? [{ ...frame, event: "message" }]
        : [frame],
  },
  "progress-as-percentage": {
    breaks: ["TRN-051", "WSK-024", "BUS-047"],
    frame: (frame) =>
      frame.channel === "sse" && frame.index === 0
        ? [{ ...frame, event: "progress", data: { progress: "0 %" } }, frame]
        : [frame],
  },
  "broken-streams-dropped": {
    breaks: ["TRN-052", "LLM-036", "LLM-037", "OPS-008"],
    frame: (frame) => frame.channel === "sse" && frame.event === "error" ? [] : [frame],
  },
  "broken-streams-end-with-done": {
    breaks: ["TRN-052", "LLM-036", "LLM-037"],
    frame: (frame) =>
      frame.channel === "sse" && frame.event === "error" ? [{ ...frame, event: "done", data: { ms: 0 } }] : [frame],
  },
  "stream-refused-inside": {
    breaks: ["TRN-053", "FIL-021", "LLM-032", "LLM-060"],
    outbound: (answer) => {
      const streams = /^(llm\.|file\.read$)/.test(answer.capability ?? "");
      const accepts = answer.request.headers.get("accept")?.includes(EVENT_STREAM) === true;
      if (!streams || !accepts || answer.status !== 401) return answer;
      const headers = answer.headers.filter(([name]) => name !== "Content-Type");
      return {
        ...answer,
        status: 200,
        headers: [["Content-Type", EVENT_STREAM], ...headers],
        body: `event: error\ndata: ${JSON.stringify(answer.body)}\n\n`,
        connection: "close",
      };
    },
  },
  "streams-buffered": {
    breaks: ["TRN-054", "TRN-057", "BUS-037", "BUS-047"],
    rules: { bufferStream: true },
  },
  "stream-waits-for-ack": {
    breaks: [
      "TRN-054",
      "TRN-056",
      "LLM-019",
      "LLM-020",
      "LLM-022",
      "LLM-023",
      "LLM-024",
      "LLM-025",
      "LLM-044",
      "LLM-043",
      "LLM-048",
      "LLM-050",
    ],
    rules: { sseWindow: WINDOW_FRAMES },
  },
  "work-outlives-its-client": {
    breaks: ["TRN-057", "LLM-027", "TRN-058", "OPS-036"],
    rules: { abortOnDisconnect: false },
  },
  "aborted-streams-keep-slots": {
    breaks: ["TRN-058", "WSK-035", "BUS-039", "LLM-027"],
    rules: { errorFreesSlot: false },
  },
});
