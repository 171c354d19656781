import { assertEquals, assertThrows } from "@std/assert";
import type { Finding } from "./finding.ts";
import { learn, Mask, maskText, parseMask } from "./mask.ts";

const finding = (change: Partial<Finding> = {}): Finding => ({
  step: 3,
  class: "semantic",
  path: "meta.ms",
  address: "",
  left: "1",
  right: "2",
  maskable: true,
  ...change,
});

Deno.test("an entry hides values of its place and counts them", () => {
  const entry = { address: "*", path: "*.ms", why: "time" };
  const mask = new Mask([entry, { address: "market.list", path: "output.x", why: "varies" }]);
  assertEquals(mask.hides(finding()), true);
  assertEquals(mask.hides(finding({ path: "meta.model" })), false);
  assertEquals(mask.hits(entry), 1);
  assertEquals(mask.idle().map(({ path }) => path), ["output.x"]);
});

Deno.test("no mask hides a status, an error code or a missing frame", () => {
  const mask = new Mask(["status", "error", "frames"].map((path) => ({ address: "*", path, why: "no" })));
  for (const path of ["status", "error", "frames"]) assertEquals(mask.hides(finding({ path })), false);
  assertThrows(
    () => parseMask("entries:\n  - {address: '*', path: status, why: no}\n"),
    SyntaxError,
    "would hide status",
  );
});

Deno.test("calibration learns values and leaves the rest as unsteady", () => {
  const status = finding({ path: "status", maskable: false });
  const { entries, unsteady } = learn("left", [finding(), finding(), status]);
  assertEquals(entries.map(({ address, path, evidence }) => [address, path, evidence]), [["*", "meta.ms", "1 / 2"]]);
  assertEquals(unsteady, [status]);
});

Deno.test("a mask is read as it was written", () => {
  const entries = [{ address: "market.list", path: "output.x", why: "varies", evidence: "1 / 2" }];
  assertEquals(parseMask(maskText(entries)), entries);
});
