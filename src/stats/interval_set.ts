/** Exact sets of whole numbers as runs of neighbours: accounting of sequence numbers in little memory. */

/** A run of numbers, both ends included. */
export type Interval = readonly [from: number, to: number];

/** Runs kept at most; a set with more holes than this is refused rather than grown without bound. */
export const DEFAULT_MAX_INTERVALS = 1_000_000;

/**
 * A set of safe integers. Memory grows with the holes, not with the numbers: consecutive insertion keeps one run.
 * Lookup and insertion take the logarithm of the number of runs, plus moving the runs behind a new hole.
 */
export class IntervalSet {
  /** Disjoint, ascending, never touching: starts[i] <= ends[i] < starts[i + 1] - 1. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #size = 0;

  constructor(private readonly maxIntervals: number = DEFAULT_MAX_INTERVALS) {}

  /** Numbers in the set. */
  get size(): number {
    return this.#size;
  }

  /** Runs the set consists of. */
  get intervalCount(): number {
    return this.#starts.length;
  }

  has(value: number): boolean {
    const index = this.#lastStartingAtOrBefore(value);
    return index >= 0 && value <= (this.#ends[index] as number);
  }

  /**
   * Adds a number.
   *
   * @returns Whether it is new.
   * @throws {RangeError} If it is no safe integer, or the set would have too many runs.
   */
  insert(value: number): boolean {
    return this.insertRange(value, value) === 1;
  }

  /**
   * Adds all numbers from `from` to `to`.
   *
   * @returns How many are new.
   * @throws {RangeError} If an end is no safe integer, the ends are in the wrong order, or there would be too many runs.
   */
  insertRange(from: number, to: number): number {
    checkRange(from, to);
    const before = this.#lastStartingAtOrBefore(from);
    const joins = before >= 0 && (this.#ends[before] as number) >= from - 1;
    const first = joins ? before : before + 1;
    let last = first;
    while (last < this.#starts.length && (this.#starts[last] as number) <= to + 1) last++;
    const swallowed = last - first;
    if (swallowed === 0 && this.#starts.length >= this.maxIntervals) {
      throw new RangeError(`Cannot insert ${from}: current number of runs is ${this.#starts.length}, the most allowed`);
    }
    const start = swallowed === 0 ? from : Math.min(from, this.#starts[first] as number);
    const end = swallowed === 0 ? to : Math.max(to, this.#ends[last - 1] as number);
    let known = 0;
    for (let i = first; i < last; i++) known += (this.#ends[i] as number) - (this.#starts[i] as number) + 1;
    if (swallowed === 1) {
      this.#starts[first] = start;
      this.#ends[first] = end;
    } else {
      this.#starts.splice(first, swallowed, start);
      this.#ends.splice(first, swallowed, end);
    }
    const added = end - start + 1 - known;
    this.#size += added;
    return added;
  }

  /** The runs in ascending order. */
  *intervals(): Generator<Interval> {
    for (let i = 0; i < this.#starts.length; i++) yield [this.#starts[i] as number, this.#ends[i] as number];
  }

  /** The runs of numbers from `from` to `to` that are missing, in ascending order. */
  *gaps(from: number, to: number): Generator<Interval> {
    checkRange(from, to);
    let next = from;
    const before = this.#lastStartingAtOrBefore(from);
    for (let i = Math.max(0, before); i < this.#starts.length && next <= to; i++) {
      const start = this.#starts[i] as number;
      if (start > to) break;
      if (start > next) yield [next, start - 1];
      next = Math.max(next, (this.#ends[i] as number) + 1);
    }
    if (next <= to) yield [next, to];
  }

  /** How many numbers from `from` to `to` are missing. */
  missing(from: number, to: number): number {
    let count = 0;
    for (const [start, end] of this.gaps(from, to)) count += end - start + 1;
    return count;
  }

  /** Adds all numbers of another set. */
  addAll(other: IntervalSet): void {
    for (const [from, to] of [...other.intervals()]) this.insertRange(from, to);
  }

  /** A new set with the numbers of both. */
  union(other: IntervalSet): IntervalSet {
    const both = new IntervalSet(Math.max(this.maxIntervals, other.maxIntervals));
    both.addAll(this);
    both.addAll(other);
    return both;
  }

  /** The runs, for the journal. */
  toJSON(): Interval[] {
    return [...this.intervals()];
  }

  /**
   * Reads what {@linkcode IntervalSet.toJSON} gave.
   *
   * @throws {RangeError} If the value is no list of runs.
   */
  static fromJSON(value: unknown, maxIntervals: number = DEFAULT_MAX_INTERVALS): IntervalSet {
    if (!Array.isArray(value)) throw new RangeError("Cannot read an interval set: it is no list");
    const set = new IntervalSet(maxIntervals);
    for (const [index, run] of value.entries()) {
      if (!Array.isArray(run) || run.length !== 2 || typeof run[0] !== "number" || typeof run[1] !== "number") {
        throw new RangeError(`Cannot read an interval set: run ${index + 1} is no pair of numbers`);
      }
      set.insertRange(run[0], run[1]);
    }
    return set;
  }

  /** Index of the last run that starts at or before `value`, -1 without one. */
  #lastStartingAtOrBefore(value: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] as number) <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function checkRange(from: number, to: number): void {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) {
    throw new RangeError(`Cannot use a run of whole numbers: current ends are ${from} and ${to}`);
  }
  if (from > to) throw new RangeError(`Cannot use a run from ${from} to ${to}: it ends before it starts`);
}
