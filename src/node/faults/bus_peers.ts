/** Faults of the reference node: calls that go to peers. */

import { faults } from "../fault.ts";

export const busPeerFaults = faults({
  "nothing-is-routed": {
    breaks: [
      "BUS-017",
      "BUS-018",
      "BUS-044",
      "BUS-045",
      "BUS-046",
      "BUS-047",
      "BUS-049",
      "BUS-050",
      "BUS-053",
      "BUS-054",
      "TRN-052",
      "TRN-074",
      "TRN-075",
      "TRN-077",
    ],
    rules: { routesToPeers: false },
  },
  "routed-call-gets-new-id": {
    breaks: ["BUS-045"],
    rules: { forwardedRequestId: (_, fresh) => fresh() },
  },
  "errors-of-peers-are-internal": {
    breaks: ["BUS-046"],
    rules: { forwardedCode: () => "internal_error" },
  },
  "streams-of-peers-collected": {
    breaks: ["BUS-047", "TRN-052"],
    rules: { streamsPassThrough: false },
  },
  "any-provider-at-random": {
    breaks: ["BUS-048", "BUS-053"],
    rules: { localShare: 0, pickProvider: (providers, random) => random.pick(providers) },
  },
  "entries-of-peers-only-added": {
    breaks: ["BUS-018", "BUS-049"],
    rules: { peerEntriesReplaced: false },
  },
  "silent-peers-kept": {
    breaks: ["BUS-050"],
    rules: { providerStaleMs: Infinity, peerPruneMs: Infinity },
  },
  "failing-peers-kept": {
    breaks: ["BUS-051", "BUS-052", "BUS-053"],
    rules: { quarantineBelow: 0, pickProvider: (providers, random) => random.pick(providers) },
  },
  "failing-peers-banned": {
    breaks: ["BUS-052"],
    rules: { quarantineMs: Infinity },
  },
  "latency-of-peers-ignored": {
    breaks: ["BUS-053"],
    rules: { providerScore: ({ load }) => load },
  },
  "limit-of-peers-ignored": {
    breaks: ["BUS-054"],
    rules: { peerLimitKept: false },
  },
});
