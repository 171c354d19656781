/** Faults of the reference node: acknowledgements, cancel and bad messages during a stream. */

import { faults } from "../fault.ts";

export const websocketFlowFaults = faults({
  "websocket-runs-second-call": {
    breaks: ["WSK-019"],
    rules: { badMessage: (kind) => kind === "second-call" ? "run" : "refuse" },
  },
  "websocket-without-window": {
    breaks: ["WSK-029", "WSK-032", "WSK-034"],
    rules: { streamWindow: Infinity },
  },
  "websocket-ignores-acks": {
    breaks: ["WSK-030", "WSK-031", "WSK-037", "LLM-051"],
    rules: { acknowledged: (_, before) => before },
  },
  "websocket-counts-acks": {
    breaks: ["WSK-031", "LLM-051"],
    rules: { acknowledged: (_, before) => before + 1 },
  },
  "websocket-trusts-any-ack": {
    breaks: ["WSK-032"],
    rules: { acknowledged: (upto, before) => typeof upto === "number" ? Math.max(before, upto) : before },
  },
  "websocket-queues-cancel": {
    breaks: ["WSK-033", "WSK-034", "LLM-028"],
    rules: { cancelAtOnce: false },
  },
  "websocket-streams-on-after-cancel": {
    breaks: ["WSK-034", "LLM-028"],
    rules: { stopsAfterCancel: false },
  },
  "websocket-drop-keeps-slot": {
    breaks: ["WSK-035"],
    rules: { abortOnDrop: false },
  },
  "websocket-reader-dies": {
    breaks: ["WSK-036"],
    rules: { badMessage: (kind) => kind === "not-json" ? "stop-reading" : "refuse" },
  },
  "websocket-unknown-type-kills-node": {
    breaks: ["WSK-037"],
    rules: { badMessage: (kind) => kind === "unknown-type" ? "crash" : "refuse" },
  },
});
