/** Sound variants of the reference node: bus. */

import { variants } from "../fault.ts";

/** meta.ms may be a fraction. */
const HALF_MS = 0.5;

export const busVariants = variants({
  "bus-module-readings": {
    reading: "wrong versions are not_found (M03 §5.3), a provider that rests likewise (M03 §5.4), and meta is left " +
      "out where only protocol.version.list shows none (CONTRACT3 §4.20)",
    rules: {
      versionRefusal: () => "not_found",
      unaryBody: (result, ms, { name }) =>
        name === "protocol.version.list"
          ? { output: result.output }
          : { output: result.output, meta: { ...result.meta, ms: ms + HALF_MS } },
    },
  },
  "bus-contract-readings": {
    reading: "a too high minor is schema_mismatch as well (CONTRACT §2.1), a full capability gives no pause " +
      "(CONTRACT §5.4), stabilities are those of contract 2.0",
    rules: {
      versionRefusal: () => "schema_mismatch",
      fullRetryMs: 0,
      advertisedEntries: (entries) =>
        entries.map((entry) => entry.name === "market.search" ? { ...entry, stability: "deprecated" } : entry),
    },
  },
});
