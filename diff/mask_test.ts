import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../src/cli/parse.ts";
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

/** What an answer is; calibration and editors may try to hide it. */
const NEVER = [
  "status",
  "error",
  "frames",
  "frames[].error.error",
  "frames[].error.code",
  "output.results[].error",
  "stream",
  "version",
  "connection",
  "close",
  "outcomes",
  "enrolment",
];

for (const path of NEVER) {
  Deno.test(`no mask hides ${path}, neither written nor learned`, () => {
    const mask = new Mask([{ address: "*", path, why: "no" }, { address: "*", path: `*${path.slice(-4)}`, why: "no" }]);
    assertEquals(mask.hides(finding({ path })), false);
    assertEquals(learn("left", [finding({ path })]).entries, []);
    for (const written of [path, `*.${path}`]) {
      assertThrows(
        () => parseMask(`entries:\n  - {address: '*', path: '${written}', why: no}\n`),
        UsageError,
        `entries[0] would hide ${written}, which no mask may`,
      );
    }
  });
}

Deno.test("a missing frame or member is never masked, whatever the place", () => {
  const mask = new Mask([{ address: "*", path: "output.x", why: "no" }]);
  assertEquals(mask.hides(finding({ path: "output.x", maskable: false, right: "absent" })), false);
});

Deno.test("a file that is no mask is refused with the place", () => {
  const refusal = (text: string) => assertThrows(() => parseMask(text), UsageError).message;
  assertEquals(refusal("[]"), "--mask: it has no list named entries");
  assertEquals(refusal("entries: [5]"), "--mask: entries[0] is no object");
  assertEquals(refusal("entries: [{path: a}]"), "--mask: entries[0] needs address, path and why");
  assertEquals(refusal("entries: [").startsWith("--mask: it is no YAML"), true);
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
