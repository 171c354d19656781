/** Messages pushed by one side and awaited by the other; the inbox of a streaming call. */

import type { JsonObject } from "../../protocol/mod.ts";

/** Messages that may wait; a client that sends more is not reading its stream's answers. */
const MAX_WAITING = 256;

/** See the module comment. */
export class Mailbox implements AsyncIterable<JsonObject> {
  readonly #waiting: JsonObject[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  /** Adds a message; false if the box is closed or full. */
  push(message: JsonObject): boolean {
    if (this.#closed || this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(message);
    this.#wake?.();
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JsonObject, void, void> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      if (this.#closed) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }
}
