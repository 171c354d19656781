/** Reading the messages of a client without outliving the call. */

import type { JsonObject } from "../../protocol/mod.ts";

/** Rejects with the signal's reason once it is aborted; never resolves. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** The messages until the client sends no more. @throws The signal's reason when it is aborted first. */
export async function* messages(
  inbox: AsyncIterable<JsonObject>,
  signal: AbortSignal,
): AsyncGenerator<JsonObject, void, void> {
  const iterator = inbox[Symbol.asyncIterator]();
  const aborted = untilAborted(signal);
  aborted.catch(() => {});
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a client that is silent would hold up the end of the call.
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
