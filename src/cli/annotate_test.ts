import { assertEquals, assertStringIncludes } from "@std/assert";
import { annotationLines, annotationsOf, workflowCommand } from "./annotate.ts";
import { hearthproof } from "./testing_program.ts";

Deno.test("nothing in a text can end the command or begin another", () => {
  const line = workflowCommand({ kind: "error", title: "a:b,c%d\r\n::warning::x", message: "50% of\n::error::y" });
  assertEquals(line.includes("\n"), false);
  assertEquals(line.split("::").length, 5, line);
  assertStringIncludes(line, "::error title=a%3Ab%2Cc%25d");
  assertStringIncludes(line, "50%25 of%0A");
});

Deno.test("more than ten of a kind are counted in the last", () => {
  const many = Array.from({ length: 25 }, (_, i) => ({ kind: "error" as const, title: `t${i}`, message: "m" }));
  const lines = annotationLines([...many, { kind: "warning", title: "w", message: "m" }]);
  assertEquals(lines.length, 11);
  assertStringIncludes(lines[9] ?? "", "and 16 more");
  assertEquals(lines[10], "::warning title=w::m");
  assertEquals(annotationLines(many.slice(0, 10)).length, 10);
});

Deno.test("a report without failures has no annotations", () => {
  const section = { name: "core/bus", failures: [], warnings: [] };
  assertEquals(annotationsOf({ schema: "hearthproof.report/1", sections: { "core/bus": section } }), []);
  assertEquals(annotationsOf({ schema: "hearthproof.soak/1", verdict: "stable" }), []);
  assertEquals(annotationsOf({ schema: "hearthproof.diff/1", verdict: "equal", differences: [] }), []);
  assertEquals(annotationsOf("nonsense"), []);
});

Deno.test("drift, broken thresholds, lost events and differences are annotated", () => {
  const soak = annotationsOf({
    schema: "hearthproof.soak/1",
    verdict: "violated",
    series: [{ name: "memory", verdict: "drifting", unit: "MB", slope_per_hour: 9, limit_per_hour: 1 }],
    thresholds: [{ expression: "errors.rate < 1% over 1m", verdict: "violated" }],
    events: { lost: 2, duplicated: 0, reordered: 0 },
  });
  assertEquals(soak.map(({ title }) => title), ["hearthproof soak", "soak memory", "soak threshold", "soak events"]);
  const diff = annotationsOf({
    schema: "hearthproof.diff/1",
    verdict: "different",
    differences: [{ id: "D1", path: "GET /manifest", class: "semantic", left: 1, right: 2, requirement: "IDN-016" }],
  });
  assertEquals(diff, [{
    kind: "error",
    title: "diff D1 GET /manifest",
    message: "semantic difference: left 1, right 2 (IDN-016)",
  }]);
});

Deno.test("run --annotate names the failed requirement; with --json stdout stays one object", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["run", "--target", "embedded:manifest-ttl-300", "--suite-filter", "IDN-016", "--annotate"];
    const plain = await hearthproof([...args, "--output-dir", folder]);
    assertEquals(plain.code, 1, plain.err);
    const [line = ""] = plain.out.split("\n").filter((text) => text.startsWith("::"));
    assertStringIncludes(line, "::error title=IDN-016 core/identity/manifest-lifetime::expected ");
    const json = await hearthproof([...args, "--json", "--output-dir", folder]);
    assertEquals(JSON.parse(json.out).totals.failed, 1);
    assertStringIncludes(json.err, "::error title=IDN-016");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what keeps a run from being made is annotated too", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["run", "--target", "http://127.0.0.1:9", "--annotate", "--json", "--output-dir", folder];
    const { code, out, err } = await hearthproof(args);
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(err, "::error title=hearthproof::http://127.0.0.1:9 cannot be reached");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
