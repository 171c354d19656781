/** Faults that no traffic of members over public endpoints shows, with the reason. */

/** Reasons by the name of the fault; `accuracy_bench.ts` prints them beside what was not found. */
export const MISSES: Readonly<Record<string, string>> = {
  "leaks-memory-per-call":
    "answers stay the same; only the memory of the process grows, over more calls than a comparison makes (soak finds it)",
  "search-crashes-without-embedding":
    "shows only on a node that offers market.search and has no provider of embeddings, which no call can take away",
};
