import { assertEquals } from "@std/assert";
import { elfMachine } from "./elf.ts";
import { platformNamed } from "./platforms.ts";

Deno.test("the machine of a program of this system is the one of its platform", async () => {
  const platform = platformNamed(Deno.build.arch === "aarch64" ? "linux-arm64" : "linux-x64");
  assertEquals(elfMachine(await Deno.readFile("/bin/true")), platform?.portable?.elfMachine);
});

Deno.test("what is no 64-bit little-endian ELF file has no machine", async () => {
  const file = await Deno.readFile("/bin/true");
  assertEquals(elfMachine(file.subarray(0, 10)), undefined);
  assertEquals(elfMachine(new TextEncoder().encode("#!/bin/sh\nexit 0 # long enough")), undefined);
  file[4] = 1;
  assertEquals(elfMachine(file), undefined);
});
