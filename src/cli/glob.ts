/** Patterns of `--suite-filter` and `--section`. X09 §7. */

/** Longest pattern that is tried; longer ones match nothing but themselves. */
const MAX_PATTERN = 256;

/**
 * Whether a path matches a pattern: `*` stands for any text within one part, `**` for any text, `?` for one
 * character. A pattern that ends at the end of a part matches everything below it too, so `core/kb` means `core/kb/*`.
 * Case does not matter.
 */
export function matches(path: string, pattern: string): boolean {
  const text = path.toLowerCase();
  const wanted = pattern.toLowerCase().replace(/\/+$/, "");
  if (wanted.length > MAX_PATTERN) return text === wanted;
  return match(text, 0, wanted, 0, new Map());
}

/** Whether a path matches one of the patterns. */
export function matchesAny(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(path, pattern));
}

/** Remembers what was tried, so that no pattern takes longer than length times length. */
function match(text: string, at: number, pattern: string, from: number, tried: Map<number, boolean>): boolean {
  const key = at * (MAX_PATTERN + 1) + from;
  const known = tried.get(key);
  if (known !== undefined) return known;
  const result = step(text, at, pattern, from, tried);
  tried.set(key, result);
  return result;
}

function step(text: string, at: number, pattern: string, from: number, tried: Map<number, boolean>): boolean {
  if (from === pattern.length) return at === text.length || text[at] === "/";
  const next = pattern[from];
  if (next === "*") {
    const deep = pattern[from + 1] === "*";
    if (match(text, at, pattern, from + (deep ? 2 : 1), tried)) return true;
    return at < text.length && (deep || text[at] !== "/") && match(text, at + 1, pattern, from, tried);
  }
  if (at === text.length) return false;
  return (next === "?" ? text[at] !== "/" : next === text[at]) && match(text, at + 1, pattern, from + 1, tried);
}
