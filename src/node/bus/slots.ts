/** Concurrency slots of one capability. A slot is given back exactly once, whatever ends the call. */

/** Gives a slot back; further calls do nothing. */
export type Release = () => void;

export class Slots {
  #used = 0;
  readonly #waiting: { readonly grant: (release: Release) => void; readonly signal: AbortSignal }[] = [];

  constructor(readonly limit: number) {}

  /** Slots in use. */
  get used(): number {
    return this.#used;
  }

  /** Share of slots in use, 0 to 1. */
  get load(): number {
    return this.#used / this.limit;
  }

  /** A slot, or undefined if all are in use. */
  tryTake(): Release | undefined {
    if (this.#used >= this.limit) return undefined;
    this.#used++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#free();
    };
  }

  /** Waits for a slot in the order of asking; rejects with the signal's reason when it is aborted first. */
  take(signal: AbortSignal): Promise<Release> {
    const now = this.tryTake();
    if (now !== undefined) return Promise.resolve(now);
    return new Promise((resolve, reject) => {
      const entry = { grant: resolve, signal };
      this.#waiting.push(entry);
      signal.addEventListener("abort", () => {
        const at = this.#waiting.indexOf(entry);
        if (at === -1) return;
        this.#waiting.splice(at, 1);
        reject(signal.reason);
      }, { once: true });
    });
  }

  #free(): void {
    this.#used--;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const release = this.tryTake();
    if (release !== undefined) next.grant(release);
  }
}
