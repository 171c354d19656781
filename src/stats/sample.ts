/** Samples of one series. */

/** One measured value; time in seconds since the start of the run. */
export interface Sample {
  readonly t_s: number;
  readonly value: number;
}

/** A stretch of time that is not judged, both ends in seconds since the start. */
export interface Excluded {
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

/**
 * Checks that a series can be judged at all.
 *
 * @throws {RangeError} If a time or a value is not finite, or a time is before the one in front of it.
 */
export function checkSamples(samples: readonly Sample[]): void {
  let last = -Infinity;
  for (const [index, { t_s, value }] of samples.entries()) {
    if (!Number.isFinite(t_s)) throw new RangeError(`Cannot judge sample ${index + 1}: current time is ${t_s}`);
    if (!Number.isFinite(value)) throw new RangeError(`Cannot judge sample ${index + 1}: current value is ${value}`);
    if (t_s < last) {
      throw new RangeError(`Cannot judge sample ${index + 1}: current time is ${t_s}, the one before is ${last}`);
    }
    last = t_s;
  }
}

/** The samples outside all windows; a window holds both its ends. */
export function withoutWindows(samples: readonly Sample[], windows: readonly Excluded[]): Sample[] {
  return samples.filter(({ t_s }) => !windows.some(({ from, to }) => t_s >= from && t_s <= to));
}

/** Cuts a series into at most `count` blocks of equal time and gives each the value `reduce` makes of it. */
export function inBlocks(
  samples: readonly Sample[],
  count: number,
  reduce: (values: readonly number[]) => number,
): Sample[] {
  const first = samples[0];
  const last = samples[samples.length - 1];
  if (first === undefined || last === undefined) return [];
  const width = (last.t_s - first.t_s) / count;
  const blocks = new Map<number, Sample[]>();
  for (const sample of samples) {
    const index = width > 0 ? Math.min(count - 1, Math.floor((sample.t_s - first.t_s) / width)) : 0;
    const block = blocks.get(index);
    if (block === undefined) blocks.set(index, [sample]);
    else block.push(sample);
  }
  return [...blocks.values()].map((block) => ({
    t_s: block.reduce((sum, { t_s }) => sum + t_s, 0) / block.length,
    value: reduce(block.map(({ value }) => value)),
  }));
}
