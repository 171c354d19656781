import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseVersion, serves } from "./version.ts";

const version = fc.record({ major: fc.nat(20), minor: fc.nat(20) });

Deno.test("versions are compared as integers, within one major", () => {
  fc.assert(fc.property(version, version, (offered, requested) => {
    assertEquals(serves(offered, requested), offered.major === requested.major && offered.minor >= requested.minor);
    assertEquals(parseVersion(`${offered.major}.${offered.minor}`), offered);
  }));
  assertEquals(serves({ major: 1, minor: 10 }, { major: 1, minor: 9 }), true);
});

Deno.test("other texts are no versions", () => {
  for (const text of ["", "1", "1.", "01.0", "1.00", "v1.0", "1.0.0", "-1.0", " 1.0", 1, null]) {
    assertEquals(parseVersion(text), undefined);
  }
});
