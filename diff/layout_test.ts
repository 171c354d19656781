import { assertEquals, assertNotEquals } from "@std/assert";
import { layoutOf } from "./layout.ts";

Deno.test("values leave no trace in the layout", () => {
  assertEquals(layoutOf('{"a":1,"b":"x"}'), layoutOf('{"a":27,"b":"another text"}'));
});

Deno.test("order of names, spaces, and spelling of numbers and strings show", () => {
  assertNotEquals(layoutOf('{"a":1,"b":2}').keys, layoutOf('{"b":2,"a":1}').keys);
  assertNotEquals(layoutOf('{"a":1}').shape, layoutOf('{"a": 1}').shape);
  assertNotEquals(layoutOf('{"a":1}').shape, layoutOf('{"a":1.0}').shape);
  assertNotEquals(layoutOf('{"a":"/"}').shape, layoutOf('{"a":"\\/"}').shape);
});
