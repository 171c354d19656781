import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../parse.ts";
import { platformsOf } from "./build.ts";
import { fileNameOf, PLATFORMS } from "./platforms.ts";

Deno.test("systems are named by a short name or by the triple of deno compile, and all means all", () => {
  const names = (given: string[]) => platformsOf(given).map(({ name }) => name);
  assertEquals(names(["linux-arm64", "x86_64-apple-darwin"]), ["linux-arm64", "macos-x64"]);
  assertEquals(names(["all"]), PLATFORMS.map(({ name }) => name));
  assertEquals(names([]).length, 1);
  assertThrows(() => platformsOf(["linux-mips"]), UsageError, "there are linux-x64, linux-arm64");
});

Deno.test("files are named after system and machine", () => {
  assertEquals(platformsOf(["linux-x64", "windows-x64"]).map(fileNameOf), [
    "hearthproof-linux-x64",
    "hearthproof-windows-x64.exe",
  ]);
});
