import { assertEquals, assertThrows } from "@std/assert";
import { CATALOGUE, isRequirement, notJudgedReason, requirement } from "./mod.ts";

Deno.test("the catalogue holds the 1243 requirements with their levels", () => {
  const count = (level: string) => CATALOGUE.requirements.filter((entry) => entry.level === level).length;
  assertEquals(CATALOGUE.requirements.length, 1243);
  assertEquals([count("MUST"), count("SHOULD"), count("MAY")], [1022, 217, 4]);
});

Deno.test("requirement finds by id and takes the section of the file unless it has its own", () => {
  assertEquals(requirement("BUS-003").section, "core/bus");
  assertEquals(requirement("BUS-003").ref, "CONTRACT §2.1; GLOSSARY Identifiers");
  assertEquals(requirement("PRO-001").needs, ["capability:protocol.version.list"]);
  assertEquals(CATALOGUE.requirements.filter((entry) => entry.section === "operability/shutdown_clean").length, 13);
});

Deno.test("requirement refuses an unknown id", () => {
  assertThrows(() => requirement("ZZZ-000"), RangeError, "current id is ZZZ-000");
  assertEquals(isRequirement("ZZZ-000"), false);
  assertEquals(isRequirement("BUS-001"), true);
});

Deno.test("notJudgedReason tells the reason of exactly the listed requirements", () => {
  for (const { id, reason } of CATALOGUE.not_judged) assertEquals(notJudgedReason(id), reason);
  assertEquals(notJudgedReason("BUS-001"), undefined);
});
