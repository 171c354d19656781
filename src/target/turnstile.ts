/** Who may use a shared node: many at a time, or one alone that stops and starts it. */

interface Waiting {
  readonly alone: boolean;
  readonly go: () => void;
}

/** In order of arrival, so that nobody waits for ever. */
export class Turnstile {
  #inside = 0;
  #alone = false;
  readonly #queue: Waiting[] = [];

  /** Resolves when the caller may begin, with the way to leave; leaving twice is leaving once. */
  enter(alone: boolean): Promise<() => void> {
    return new Promise((resolve) => {
      const go = () => {
        this.#inside++;
        this.#alone = alone;
        let left = false;
        resolve(() => {
          if (left) return;
          left = true;
          this.#inside--;
          this.#next();
        });
      };
      this.#queue.push({ alone, go });
      this.#next();
    });
  }

  #next(): void {
    for (let [first] = this.#queue; first !== undefined; [first] = this.#queue) {
      const free = this.#inside === 0 || (!this.#alone && !first.alone);
      if (!free) return;
      this.#queue.shift();
      first.go();
    }
  }
}
