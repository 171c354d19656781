import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { certainOffset, clockOffset } from "./doctor.ts";
import { hearthproof, startNode } from "./testing_program.ts";

const NOW = Date.parse("2026-11-21T03:00:00Z");
const manifest = (issued: string) => new TextEncoder().encode(JSON.stringify({ issued_at: issued }));
const dated = (date: string) => ({
  head: { version: "HTTP/1.1", status: 200, reason: "OK", headers: [["Date", date] as const] },
  body: new Uint8Array(),
});

Deno.test("the clock of the target is read from the Date header, else from issued_at", () => {
  const offset = clockOffset(dated("Sat, 21 Nov 2026 03:01:00 GMT"), NOW, NOW + 100);
  assertEquals(offset, { low_ms: 59_900, high_ms: 61_000, source: "date header" });
  assertEquals(clockOffset({ body: manifest("2026-11-21T02:59:50Z") }, NOW, NOW), {
    low_ms: -10_000,
    high_ms: 10_000,
    source: "issued_at of the manifest",
  });
  assertEquals(clockOffset({ body: manifest("yesterday") }, NOW, NOW), undefined);
  assertEquals(clockOffset({ body: new TextEncoder().encode("no manifest") }, NOW, NOW), undefined);
});

Deno.test("only an offset that is certain is called one", () => {
  const source = "date header" as const;
  assertEquals(certainOffset({ low_ms: -5, high_ms: 900, source }), 0);
  assertEquals(certainOffset({ low_ms: 60_000, high_ms: 61_000, source }), 60_000);
  assertEquals(certainOffset({ low_ms: -61_000, high_ms: -60_000, source }), -60_000);
});

Deno.test("doctor tells what can be judged of a node, and more of it with the root key", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using node = await startNode(`${folder}/data`, ["--tls"]);
    const plain = await hearthproof(["doctor", "--target", node.url, "--json"]);
    assertEquals(plain.code, 0, plain.err);
    const few = JSON.parse(plain.out);
    assertEquals([few.reachable, few.membership.root, few.certificate.pinned], [true, false, false]);
    await Deno.writeTextFile(`${folder}/adapter.yaml`, `fingerprint: ${few.certificate.fingerprint}\n`);
    const access = [
      "--root-key",
      node.rootKey,
      "--allow-writes",
      "--disposable",
      "--adapter",
      `${folder}/adapter.yaml`,
    ];
    const more = await hearthproof(["doctor", "--target", node.url, "--json", ...access]);
    const many = JSON.parse(more.out);
    assertEquals([many.membership.root, many.membership.member, many.certificate.pinned], [true, null, true]);
    const judged = (report: typeof few) =>
      report.sections.reduce((sum: number, { judged }: { judged: number }) => sum + judged, 0);
    const skipped = (report: typeof few) =>
      report.not_judged.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
    const cases = (report: typeof few) =>
      report.sections.reduce((sum: number, { cases }: { cases: number }) => sum + cases, 0);
    assert(judged(few) > 0 && judged(few) < judged(many), `${judged(few)} ${judged(many)}`);
    for (const report of [few, many]) assertEquals(judged(report) + skipped(report), cases(report));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("doctor names the wrong certificate, the wrong root key and the missing node, each with exit code 2", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using node = await startNode(`${folder}/data`, ["--tls"]);
    await Deno.writeTextFile(`${folder}/adapter.yaml`, `fingerprint: ${"ab".repeat(32)}\n`);
    const pinned = await hearthproof(["doctor", "--target", node.url, "--adapter", `${folder}/adapter.yaml`]);
    assertEquals(pinned.code, 2);
    assertStringIncludes(pinned.err, "pinned is abab");
    const keyed = await hearthproof(["doctor", "--target", node.url, "--root-key", node.nodeKey]);
    assertEquals(keyed.code, 2);
    assertStringIncludes(keyed.err, "root key is not the key of community");
    const gone = await hearthproof(["doctor", "--target", "http://127.0.0.1:9", "--json"]);
    assertEquals(gone.code, 2);
    assertEquals(JSON.parse(gone.out).error.code, "unreachable");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("doctor prints every section, the reasons, and what to do next", async () => {
  const { code, out } = await hearthproof(["doctor", "--suite-filter", "core/identity/*"]);
  assertEquals(code, 0);
  for (const text of ["embedded", "clock ", "membership ", "core/identity", "slow (--slow)", "hearthproof run"]) {
    assertStringIncludes(out, text);
  }
});
