/** "Did you mean" for commands, options and names. */

/** Names further away than this share of their length are no typing error. */
const MAX_SHARE = 0.4;

/** The known name nearest to a mistyped one, or undefined if none is near. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const name of known) {
    const away = typed.length > 2 && name.startsWith(typed) ? 1 : distance(typed, name);
    if (away < least && away <= Math.max(1, Math.floor(name.length * MAX_SHARE))) {
      least = away;
      best = name;
    }
  }
  return best;
}

/** Edits (insert, delete, replace, swap neighbours) from one text to the other. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
