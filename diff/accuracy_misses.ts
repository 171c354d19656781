/** Faults that comparisons over public endpoints do not find, or only with luck, with the reason. */

const AFTER_BURSTS =
  "traces are compared until results depend on the moment, since traces tell them; in the measured seeds none was read before";

/** Reasons by the name of the fault; `accuracy_bench.ts` prints them beside what was not found. */
export const MISSES: Readonly<Record<string, string>> = {
  "leaks-memory-per-call":
    "answers stay the same; only the memory of the process grows, over more calls than a comparison makes (soak finds it)",
  "search-crashes-without-embedding":
    "shows only on a node that offers market.search and has no provider of embeddings, which no call can take away",
  "own-trace-ids": AFTER_BURSTS,
  "hex-ids-for-internal-calls": AFTER_BURSTS,
  "traces-only-start-times": AFTER_BURSTS,
};
