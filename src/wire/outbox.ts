/**
 * Writes of one turn of the event loop, sent together. A peer that sleeps is woken by the first of them and reads the
 * others without another wake-up, and what makes the bytes (signing) runs on its own with the caches it has warmed.
 */

/** Writes held back at most; the first of them waits for as long as it takes to make the others. */
const MAX_HELD = 32;

/** Whatever takes bytes without telling what became of them. */
export interface Drop {
  post(bytes: Uint8Array): void;
}

/** See the module comment. */
export class Outbox {
  readonly #to: Drop[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #send = () => this.flush();

  /** Sends the bytes at the end of what can run now, in the order of the calls. */
  post(to: Drop, bytes: Uint8Array): void {
    this.#to.push(to);
    if (this.#bytes.push(bytes) >= MAX_HELD) this.flush();
    else if (this.#bytes.length === 1) queueMicrotask(this.#send);
  }

  /** Sends at once what is held. */
  flush(): void {
    for (let at = 0; at < this.#to.length; at++) this.#to[at]?.post(this.#bytes[at] as Uint8Array);
    this.#to.length = 0;
    this.#bytes.length = 0;
  }
}
