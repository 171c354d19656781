/** A counter of the target that must only grow. */

/** A counter that fell. */
export interface CounterFall {
  readonly t_s: number;
  readonly before: number;
  readonly after: number;
}

/** Watches one counter in constant memory. A declared restart may set it back; anything else may not. */
export class GrowingCounter {
  #last: number | undefined;
  #restarted = false;
  #total = 0;
  #falls = 0;
  #first: CounterFall | undefined;

  /** The next reading may be lower: the process was restarted. */
  restarted(): void {
    this.#restarted = true;
  }

  /**
   * Takes a reading.
   *
   * @param t_s Seconds since the start of the run.
   * @returns The fall, if the counter went back without a declared restart.
   * @throws {RangeError} If the value is not finite.
   */
  observe(t_s: number, value: number): CounterFall | undefined {
    if (!Number.isFinite(value)) throw new RangeError(`Cannot follow a counter: current value is ${value}`);
    const before = this.#last;
    const excused = this.#restarted;
    this.#last = value;
    this.#restarted = false;
    if (before === undefined) return undefined;
    if (value >= before) {
      this.#total += value - before;
      return undefined;
    }
    // After a reset the counter starts from zero, so its value is what was counted since.
    this.#total += Math.max(0, value);
    if (excused) return undefined;
    const fall = { t_s, before, after: value };
    this.#falls++;
    this.#first ??= fall;
    return fall;
  }

  /** Growth since the first reading, across resets. */
  get total(): number {
    return this.#total;
  }

  /** Falls without a declared restart. */
  get falls(): number {
    return this.#falls;
  }

  get firstFall(): CounterFall | undefined {
    return this.#first;
  }
}
