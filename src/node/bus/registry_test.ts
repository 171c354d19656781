import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { soundRules } from "../rules.ts";
import { Registry } from "./registry.ts";
import { anyCapability } from "./testing.ts";

const version = fc.record({ major: fc.nat(12), minor: fc.nat(12) });
const nothing = () => ({ output: {} });

Deno.test("a request is served exactly by an offer of the same major and at least its minor", () => {
  fc.assert(fc.property(fc.array(version, { minLength: 1, maxLength: 6 }), version, (offers, asked) => {
    const registry = new Registry(soundRules);
    for (const { major, minor } of offers) registry.add(anyCapability({ version: `${major}.${minor}` }), nothing);
    const lookup = registry.find("file.list", asked, undefined);
    const matches = offers.filter((o) => o.major === asked.major && o.minor >= asked.minor);
    assertEquals(lookup.kind === "found", matches.length > 0);
    if (lookup.kind === "found") {
      assertEquals(lookup.registration.version.minor, Math.max(...matches.map((o) => o.minor)));
    }
    if (lookup.kind === "version") {
      assertEquals(lookup.sameMajor, offers.some((o) => o.major === asked.major));
    }
  }));
});

Deno.test("registering again replaces, another corpus is an entry of its own", () => {
  const registry = new Registry(soundRules);
  for (const corpus of ["a", "b", "a"]) registry.add(anyCapability({ params: { corpus } }), nothing);
  assertEquals(registry.descriptors().map(({ params }) => params["corpus"] ?? null), ["a", "b"]);
  const lookup = registry.find("file.list", { major: 1, minor: 0 }, { corpus: "b" });
  assertEquals(lookup.kind === "found" && lookup.registration.descriptor.params, { corpus: "b" });
});

Deno.test("a descriptor with an unusable version or limit is not registered", () => {
  const registry = new Registry(soundRules);
  assertThrows(() => registry.add(anyCapability({ version: "1" }), nothing), RangeError);
  assertThrows(() => registry.add(anyCapability({ max_concurrent: 0 }), nothing), RangeError);
});
