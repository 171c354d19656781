import { assertEquals } from "@std/assert";
import { junitXml } from "./junit.ts";
import { caseResult, failed, HOSTILE, hostileRun, runOf } from "./testing.ts";

Deno.test("junit.xml has one testcase per case", () => {
  const xml = junitXml(runOf([
    caseResult("core/bus/a", { notes: ["saw 3 peers"] }),
    failed("core/bus/b"),
    failed("core/bus/c", { level: "SHOULD" }),
    caseResult("core/kb/d", { outcome: "skipped", skip: "gated", reason: "not advertised" }),
    caseResult("core/kb/e", { outcome: "inconclusive", reason: "no event was seen" }),
    caseResult("core/kb/f", { outcome: "error", reason: "set-up failed" }),
  ]));
  assertEquals(
    xml,
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="hearthproof 1.2.0: tinyhearth 0.3.1" tests="6" failures="1" errors="1" skipped="2" time="0.074">
  <testsuite name="core/bus" tests="3" failures="1" errors="0" skipped="0" time="0.037" timestamp="2026-07-02T09:15:00Z">
    <testcase classname="core/bus" name="a" time="0.012">
      <system-out>note: saw 3 peers</system-out>
    </testcase>
    <testcase classname="core/bus" name="b" time="0.012">
      <failure type="MUST" message="IDN-021: expected 404 not_found">requirement: IDN-021 (CONTRACT §6.1)
expected: 404 not_found
observed: 200 with empty data_b64
reproduction: hearthproof run --seed 0xC0FFEE --suite-filter core/bus/b</failure>
    </testcase>
    <testcase classname="core/bus" name="c" time="0.012">
      <system-out>warning (SHOULD):
requirement: IDN-021 (CONTRACT §6.1)
expected: 404 not_found
observed: 200 with empty data_b64
reproduction: hearthproof run --seed 0xC0FFEE --suite-filter core/bus/c</system-out>
    </testcase>
  </testsuite>
  <testsuite name="core/kb" tests="3" failures="0" errors="1" skipped="2" time="0.037" timestamp="2026-07-02T09:15:00Z">
    <testcase classname="core/kb" name="d" time="0.012">
      <skipped message="not advertised"/>
    </testcase>
    <testcase classname="core/kb" name="e" time="0.012">
      <skipped message="inconclusive: no event was seen"/>
    </testcase>
    <testcase classname="core/kb" name="f" time="0.012">
      <error type="tester" message="set-up failed"/>
    </testcase>
  </testsuite>
</testsuites>
`,
  );
});

/** A reader strict enough for what is written here: balanced tags, quoted attributes, legal characters. */
function assertWellFormed(xml: string): void {
  // deno-lint-ignore no-control-regex -- XML 1.0 forbids them
  assertEquals(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/.test(xml), false);
  const open: string[] = [];
  const rest = xml.replace(/^<\?xml [^?]*\?>\n/, "").replace(
    /<(\/?)([a-z-]+)((?: [a-z]+="[^"<>&]*(?:&(?:amp|lt|gt|quot|#\d+);[^"<>&]*)*")*)(\/?)>/g,
    (_, end: string, name: string, _attributes: string, empty: string) => {
      if (end === "/") assertEquals(open.pop(), name);
      else if (empty === "") open.push(name);
      return "";
    },
  );
  assertEquals(open, []);
  assertEquals(/[<>]/.test(rest), false);
  assertEquals(/&(?!amp;|lt;|gt;|quot;|#\d+;)/.test(rest), false);
}

Deno.test("junit.xml stays well-formed whatever a target says", () => {
  assertWellFormed(junitXml(hostileRun()));
  assertWellFormed(
    junitXml(runOf([failed("core/bus/b", { requirement: HOSTILE, specRef: HOSTILE, reason: HOSTILE })])),
  );
});
