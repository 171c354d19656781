import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { IntervalSet } from "./interval_set.ts";

const SMALL = fc.integer({ min: -30, max: 60 });
const NUMBERS = fc.array(SMALL, { maxLength: 80 });
const RANGES = fc.array(fc.tuple(SMALL, fc.nat({ max: 12 })), { maxLength: 30 });

function setOf(values: readonly number[]): IntervalSet {
  const set = new IntervalSet();
  for (const value of values) set.insert(value);
  return set;
}

Deno.test("a set of runs holds what a plain set holds", () => {
  fc.assert(fc.property(NUMBERS, (values) => {
    const plain = new Set<number>();
    const runs = new IntervalSet();
    for (const value of values) {
      assertEquals(runs.insert(value), !plain.has(value));
      plain.add(value);
    }
    assertEquals(runs.size, plain.size);
    for (let value = -32; value <= 62; value++) assertEquals(runs.has(value), plain.has(value));
  }));
});

Deno.test("inserting ranges counts what is new", () => {
  fc.assert(fc.property(RANGES, (ranges) => {
    const plain = new Set<number>();
    const runs = new IntervalSet();
    for (const [from, length] of ranges) {
      const before = plain.size;
      for (let value = from; value <= from + length; value++) plain.add(value);
      assertEquals(runs.insertRange(from, from + length), plain.size - before);
    }
    assertEquals(runs.size, plain.size);
  }));
});

Deno.test("runs are ascending and never touch", () => {
  fc.assert(fc.property(NUMBERS, (values) => {
    let last = -Infinity;
    for (const [from, to] of setOf(values).intervals()) {
      assertEquals(from > last + 1 && to >= from, true);
      last = to;
    }
  }));
});

Deno.test("gaps and members make up the whole range", () => {
  fc.assert(fc.property(NUMBERS, SMALL, fc.nat({ max: 40 }), (values, from, length) => {
    const set = setOf(values);
    const missing = new Set<number>();
    for (const [start, end] of set.gaps(from, from + length)) {
      for (let value = start; value <= end; value++) missing.add(value);
    }
    for (let value = from; value <= from + length; value++) assertEquals(missing.has(value), !set.has(value));
    assertEquals(set.missing(from, from + length), missing.size);
  }));
});

Deno.test("a union does not depend on order and leaves both sides as they are", () => {
  fc.assert(fc.property(NUMBERS, NUMBERS, (a, b) => {
    const [left, right] = [setOf(a), setOf(b)];
    assertEquals(left.union(right).toJSON(), right.union(left).toJSON());
    assertEquals(left.union(right).size, new Set([...a, ...b]).size);
    assertEquals(left.toJSON(), setOf(a).toJSON());
  }));
});

Deno.test("a set survives the journal", () => {
  fc.assert(fc.property(NUMBERS, (values) => {
    const set = setOf(values);
    assertEquals(IntervalSet.fromJSON(JSON.parse(JSON.stringify(set))).toJSON(), set.toJSON());
  }));
});

Deno.test("a million numbers in order are one run", () => {
  const set = new IntervalSet();
  for (let value = 0; value < 1_000_000; value++) set.insert(value);
  assertEquals([set.size, set.intervalCount], [1_000_000, 1]);
});

Deno.test("memory is bounded: too many holes are refused", () => {
  const set = new IntervalSet(2);
  set.insert(1);
  set.insert(3);
  assertEquals(set.insert(2), true);
  set.insert(9);
  assertThrows(() => set.insert(5), RangeError, "Cannot insert 5: current number of runs is 2, the most allowed");
});

Deno.test("what is no run of whole numbers is refused", () => {
  const set = new IntervalSet();
  assertThrows(() => set.insert(0.5), RangeError, "current ends are 0.5 and 0.5");
  assertThrows(() => set.insertRange(2, 1), RangeError, "it ends before it starts");
  assertThrows(() => IntervalSet.fromJSON({}), RangeError, "it is no list");
  assertThrows(() => IntervalSet.fromJSON([[1, 2], [3]]), RangeError, "run 2 is no pair of numbers");
});
