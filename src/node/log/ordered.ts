/** Sorted lists of events: nearly always appended to. */

/** Inserts at the item's place; true if that is the end. Equal items keep their order of insertion. */
export function insertOrdered<T>(list: T[], item: T, compare: (a: T, b: T) => number): boolean {
  let low = 0;
  let high = list.length;
  const last = list[high - 1];
  if (last === undefined || compare(last, item) <= 0) {
    list.push(item);
    return true;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(list[middle] as T, item) <= 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
  return false;
}
