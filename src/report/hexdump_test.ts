import { assertEquals } from "@std/assert";
import { utf8 } from "../protocol/mod.ts";
import { hexRows, showBytes } from "./hexdump.ts";

Deno.test("hexRows shows offset, bytes and text", () => {
  assertEquals(hexRows(utf8("HTTP/1.1 200\r\n\0")), [
    "0000  48 54 54 50 2f 31 2e 31  HTTP/1.1",
    "0008  20 32 30 30 0d 0a 00      200...",
  ]);
  assertEquals(hexRows(new Uint8Array()), []);
});

Deno.test("showBytes cuts at the limit", () => {
  assertEquals(showBytes(utf8("abcd"), 2), { text: "ab", rows: ["0000  61 62                    ab"] });
  assertEquals(showBytes(Uint8Array.of(0x61, 0xff), 9).text, "a\ufffd");
});
