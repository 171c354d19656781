import { assertEquals, assertThrows } from "@std/assert";
import { fileOfTar, tarOf } from "./tar.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("the tar of the system unpacks what was packed, programs as programs", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const archive = tarOf([
      { name: "a.txt", bytes: bytes("one") },
      { name: "empty", bytes: bytes("") },
      { name: "tool", bytes: bytes("#!/bin/sh\n".padEnd(2000, "#")), program: true },
    ]);
    await Deno.writeFile(`${folder}/x.tar`, archive);
    const { success } = await new Deno.Command("tar", { args: ["-xf", "x.tar"], cwd: folder }).output();
    assertEquals(success, true);
    assertEquals(await Deno.readTextFile(`${folder}/a.txt`), "one");
    assertEquals((await Deno.stat(`${folder}/empty`)).size, 0);
    assertEquals(((await Deno.stat(`${folder}/tool`)).mode ?? 0) & 0o111, 0o111);
    assertEquals(((await Deno.stat(`${folder}/a.txt`)).mode ?? 0) & 0o111, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a file is read back from an archive, and its absence is told", () => {
  const archive = tarOf([{ name: "package/a", bytes: bytes("x".repeat(513)) }, {
    name: "package/b",
    bytes: bytes("2"),
  }]);
  assertEquals(fileOfTar(archive, "package/a"), bytes("x".repeat(513)));
  assertEquals(fileOfTar(archive, "package/b"), bytes("2"));
  assertThrows(() => fileOfTar(archive, "package/c"), RangeError, "Cannot find package/c");
  assertThrows(() => fileOfTar(archive.subarray(0, 700), "package/a"), RangeError);
});

Deno.test("equal files give equal archives", () => {
  const make = () => tarOf([{ name: "a", bytes: bytes("1") }]);
  assertEquals(make(), make());
  assertThrows(() => tarOf([{ name: "n".repeat(101), bytes: bytes("") }]), RangeError, "too long");
});
