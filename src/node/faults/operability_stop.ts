/** Faults of the reference node: its end, and what the end leaves behind. */

import { faults } from "../fault.ts";

/** Milliseconds a node that closes its log first goes on answering, and one that writes half answers. */
const LATE_CLOSING_MS = 2_000;
const HALF_ANSWERS_MS = 500;
/** Longer than any long poll of the cases. */
const LONGER_THAN_POLLS_MS = 40_000;
/** Events a write buffer holds. */
const BUFFERED_EVENTS = 5;
const LOCK_FILE = "node.lock";

function lock(directory: string): void {
  Deno.writeTextFileSync(`${directory}/${LOCK_FILE}`, "locked", { createNew: true });
}

export const operabilityStopFaults = faults({
  "ignores-sigterm": {
    breaks: ["OPS-001"],
    rules: { endsOn: (signal) => signal !== "SIGTERM" },
  },
  "ignores-sigint": {
    breaks: ["OPS-002"],
    rules: { endsOn: (signal) => signal !== "SIGINT" },
  },
  "stop-exits-with-1": {
    breaks: ["OPS-003"],
    rules: { exitCode: () => 1 },
  },
  "child-keeps-port": {
    breaks: ["OPS-002", "OPS-004"],
    rules: {
      exitCode: async ({ port, spawnSelf, portTaken }) => {
        spawnSelf(["node", "--port", String(port)]);
        await portTaken();
        return 0;
      },
    },
  },
  "write-buffer-lost-at-stop": {
    breaks: [
      "OPS-005",
      "OPS-006",
      "OPS-007",
      "OPS-011",
      "OPS-012",
      "OPS-016",
      "OPS-017",
      "OPS-018",
      "OPS-020",
      "OPS-021",
      "OPS-022",
      "OPS-023",
      "OPS-024",
      "OPS-025",
    ],
    rules: { eventsLostOnOpen: BUFFERED_EVENTS },
  },
  "acknowledges-after-log-closed": {
    breaks: ["OPS-006"],
    rules: { lingerMs: LATE_CLOSING_MS, storesWhileStopping: false },
  },
  "stop-cuts-streams": {
    breaks: ["OPS-008"],
    rules: { endsStreamsAtStop: false, drainMs: HALF_ANSWERS_MS },
  },
  "stop-halves-answers": {
    breaks: ["OPS-009"],
    rules: { lingerMs: HALF_ANSWERS_MS, answerBytesAtStop: (bytes) => bytes.subarray(0, bytes.length - 1) },
  },
  "polls-delay-stop": {
    breaks: ["OPS-010"],
    rules: { endsPollsAtStop: false, drainMs: LONGER_THAN_POLLS_MS },
  },
  "lock-file-left": {
    breaks: ["OPS-011"],
    rules: { claimsDirectory: lock },
  },
  "commits-only-at-stop": {
    breaks: ["OPS-012"],
    rules: { commits: "at-close" },
  },
});
