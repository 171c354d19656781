/** Server-sent events to those who watch. Whoever reads too slowly is dropped: nobody may fill our memory. */

/** Watchers at the same time. */
export const MAX_WATCHERS = 32;
/** Bytes that may wait for one watcher. */
export const MAX_WAITING_BYTES = 1_048_576;

const encoder = new TextEncoder();

/** See the module comment. */
export class Feed {
  readonly #watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #over = false;

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Whether another watcher finds a place. */
  get full(): boolean {
    return this.#watchers.size >= MAX_WATCHERS;
  }

  /** A stream for one more watcher, with what it is told first. */
  watch(first: readonly (readonly [event: string, data: unknown])[]): ReadableStream<Uint8Array> {
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#watchers.add(controller);
        for (const [event, data] of first) this.#give(controller, frame(event, data));
        if (this.#over) this.#leave(controller);
      },
      cancel: () => {
        if (own !== undefined) this.#watchers.delete(own);
      },
    }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }));
  }

  /** Tells all; the data is made only if somebody watches. */
  tell(event: string, data: () => unknown): void {
    if (this.#watchers.size === 0) return;
    const bytes = frame(event, data());
    for (const watcher of [...this.#watchers]) this.#give(watcher, bytes);
  }

  /** Ends all streams, those to come as well. */
  end(): void {
    this.#over = true;
    for (const watcher of [...this.#watchers]) this.#leave(watcher);
  }

  #give(watcher: ReadableStreamDefaultController<Uint8Array>, bytes: Uint8Array): void {
    const room = watcher.desiredSize ?? 0;
    if (room >= bytes.length) watcher.enqueue(bytes);
    else {
      this.#watchers.delete(watcher);
      watcher.error(new Error("the watcher reads too slowly"));
    }
  }

  #leave(watcher: ReadableStreamDefaultController<Uint8Array>): void {
    this.#watchers.delete(watcher);
    watcher.close();
  }
}

/** One event; JSON has no line ends that could break it. */
function frame(event: string, data: unknown): Uint8Array {
  return encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
