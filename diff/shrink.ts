/** Shortest sequence that still shows something: dependency-aware removal. Pure but for `shows`, which the caller runs. */

/** What to shrink. */
export interface ShrinkTask {
  /** Steps of the whole sequence. */
  readonly size: number;
  /** For every step the earlier steps it needs. */
  readonly needs: readonly (readonly number[])[];
  /** The step that showed it. */
  readonly target: number;
  /** Further steps that showed it, each tried alone before anything longer. */
  readonly others?: readonly number[];
  /** A sequence known to show it, from which removal goes on. */
  readonly from?: readonly number[];
  /** Earlier steps likely to matter, tried before everything else. */
  readonly related: readonly number[];
  /** Runs the steps anew; true if it is still there. */
  readonly shows: (indices: readonly number[]) => Promise<boolean>;
  /** True once the budget is used up. */
  readonly expired: () => boolean;
  /** Told of every shorter sequence. */
  readonly reached?: (indices: readonly number[]) => Promise<void> | undefined;
  /** Told when the same sequence did not show it at first and then did. */
  readonly unsteady?: () => void;
}

/** What was reached. */
export interface Shrunk {
  /** Steps that show it; undefined if no attempt did. */
  readonly indices: readonly number[] | undefined;
  readonly attempts: number;
  /** No single step can be left out any more. */
  readonly minimal: boolean;
}

/** Attempts at the whole prefix before a difference counts as not repeatable. */
const PREFIX_ATTEMPTS = 2;

/** Sequences of at most so many steps are short enough; up to the other length pairs of steps are left out. */
const SHORT = 3;
const MAX_PAIRED = 9;

/** See the module comment. */
export async function shrink(task: ShrinkTask): Promise<Shrunk> {
  let attempts = 0;
  const shows = async (indices: readonly number[]) => {
    attempts++;
    return await task.shows(indices);
  };
  const began = task.from ?? await beginning(task, shows);
  if (began === undefined) return { indices: undefined, attempts, minimal: false };
  let kept = began;
  // What showed it stays last, whichever of the steps it was.
  const target = began.at(-1) ?? task.target;
  await task.reached?.(kept);
  let size = Math.ceil((kept.length - 1) / 2);
  while (size >= 1 && kept.length > 1) {
    let removed = false;
    for (let at = 0; at < kept.length && !task.expired();) {
      const next = without(kept, kept.slice(at, at + size), target, task);
      if (next.length < kept.length && await shows(next)) {
        kept = next;
        removed = true;
        await task.reached?.(kept);
      } else at += size;
    }
    if (task.expired()) return { indices: kept, attempts, minimal: false };
    if (!removed || size > kept.length) size = size === 1 && !removed ? 0 : Math.max(1, Math.floor(size / 2));
  }
  // Two steps that only matter together, such as something made and unmade, go together.
  for (let again = kept.length > SHORT && kept.length <= MAX_PAIRED; again;) {
    again = false;
    for (const next of withoutPairs(kept, target, task)) {
      if (task.expired()) return { indices: kept, attempts, minimal: false };
      if (!await shows(next)) continue;
      kept = next;
      again = kept.length > SHORT;
      await task.reached?.(kept);
      break;
    }
  }
  return { indices: kept, attempts, minimal: true };
}

/** The first of the usual suspects that shows it: a step with what it needs, with its relatives, the whole prefix. */
async function beginning(
  task: ShrinkTask,
  shows: (indices: readonly number[]) => Promise<boolean>,
): Promise<readonly number[] | undefined> {
  const { target, related } = task;
  const prefix = Array.from({ length: target + 1 }, (_, index) => index);
  const alone = closed([target], task);
  const family = closed([...related, target], task);
  const singles = [alone, ...(task.others ?? []).map((other) => closed([other], task))];
  const candidates = [...singles, ...(family.length > alone.length ? [family] : [])];
  for (const candidate of candidates) {
    if (candidate.length < prefix.length && await shows(candidate)) return candidate;
    if (task.expired()) return undefined;
  }
  for (let i = 0; i < PREFIX_ATTEMPTS && !task.expired(); i++) {
    if (!await shows(prefix)) continue;
    if (i > 0) task.unsteady?.();
    return prefix;
  }
  return undefined;
}

function closed(indices: readonly number[], { needs }: ShrinkTask): number[] {
  const kept = new Set<number>();
  const open = [...indices];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (kept.has(index)) continue;
    kept.add(index);
    open.push(...needs[index] ?? []);
  }
  return [...kept].sort((a, b) => a - b);
}

function withoutPairs(kept: readonly number[], target: number, task: ShrinkTask): (readonly number[])[] {
  const pairs = kept.flatMap((one, at) => kept.slice(at + 1).map((other) => without(kept, [one, other], target, task)));
  return pairs.filter((next) => next.length < kept.length);
}

/** What is left without some steps and without everything that needs them; the target stays with what it needs. */
function without(
  kept: readonly number[],
  gone: readonly number[],
  target: number,
  task: ShrinkTask,
): readonly number[] {
  const fixed = new Set(closed([target], task));
  const dropped = new Set(gone.filter((index) => !fixed.has(index)));
  for (const index of kept) if ((task.needs[index] ?? []).some((needed) => dropped.has(needed))) dropped.add(index);
  return kept.filter((index) => !dropped.has(index) || fixed.has(index));
}
