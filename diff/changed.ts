/** Which bytes of two answers differ: what both have in order stands, the rest is changed. Pure. */

/** A stretch of bytes, `from` included, `to` not. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Pieces that are compared as one: words, runs of space, single signs. */
const PIECE = /[A-Za-z0-9_-]+|\s+|[^A-Za-z0-9_\s-]/g;
/** Cells of the table that aligns what lies between common beginning and end; 16 bits each. */
const MAX_CELLS = 4_000_000;

/** Changed stretches of both sides, ascending. */
export function changedStretches(left: Uint8Array, right: Uint8Array): [left: Stretch[], right: Stretch[]] {
  const [a, b] = [piecesOf(left), piecesOf(right)];
  let start = 0;
  while (start < a.length && start < b.length && a[start]?.text === b[start]?.text) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end)?.text === b.at(-1 - end)?.text) end++;
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const [keptX, keptY] = common(x.map(({ text }) => text), y.map(({ text }) => text));
  return [stretches(x, keptX), stretches(y, keptY)];
}

interface Piece {
  readonly text: string;
  readonly from: number;
}

function piecesOf(bytes: Uint8Array): Piece[] {
  // One character for each byte, so that positions are those of the bytes.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return [...text.matchAll(PIECE)].map((match) => ({ text: match[0], from: match.index }));
}

/** Whether each piece belongs to a longest common subsequence; pieces by place where that takes too much memory. */
function common(a: readonly string[], b: readonly string[]): [boolean[], boolean[]] {
  const [keptA, keptB] = [a.map(() => false), b.map(() => false)];
  const width = b.length + 1;
  if ((a.length + 1) * width > MAX_CELLS) {
    return [a.map((text, index) => text === b[index]), b.map((text, index) => text === a[index])];
  }
  const table = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      keptA[i++] = true;
      keptB[j++] = true;
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return [keptA, keptB];
}

function stretches(pieces: readonly Piece[], kept: readonly boolean[]): Stretch[] {
  const out: Stretch[] = [];
  pieces.forEach(({ from, text }, index) => {
    if (kept[index] === true) return;
    const to = from + text.length;
    const last = out.at(-1);
    if (last !== undefined && last.to === from) out[out.length - 1] = { from: last.from, to };
    else out.push({ from, to });
  });
  return out;
}

/** A stretch to show, or one that is left out because both sides are equal there. */
export interface Window extends Stretch {
  readonly shown: boolean;
}

/** What to show of so many bytes: the beginning, and a margin around everything changed. */
export function windowsOf(length: number, changed: readonly Stretch[], head: number, margin: number): Window[] {
  const wanted: Stretch[] = [{ from: 0, to: Math.min(head, length) }];
  for (const { from, to } of changed) {
    const next = { from: Math.max(0, from - margin), to: Math.min(length, to + margin) };
    const last = wanted.at(-1);
    if (last !== undefined && next.from <= last.to + margin) {
      wanted[wanted.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    } else wanted.push(next);
  }
  const out: Window[] = [];
  let at = 0;
  for (const { from, to } of wanted) {
    if (from > at) out.push({ from: at, to: from, shown: false });
    if (to > from) out.push({ from, to, shown: true });
    at = Math.max(at, to);
  }
  if (at < length) out.push({ from: at, to: length, shown: length - at <= margin });
  return out;
}
