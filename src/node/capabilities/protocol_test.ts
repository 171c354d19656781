import { assertEquals, assertObjectMatch } from "@std/assert";
import { fromUtf8, type JsonObject, parseJson, verifyDocument } from "../../protocol/mod.ts";
import { VirtualClock } from "../../wire/clock.ts";
import { anyCapability, callOf, codeOf, MEM1, NODE, testCore, TRUST1 } from "../bus/testing.ts";
import { registerProtocol } from "./protocol.ts";

function node(report?: JsonObject) {
  const clock = new VirtualClock({ wallMs: 1_790_000_000_000, advanceOnSleep: false });
  const test = testCore(clock, (core) => ({
    options: { ...core.options, ...(report && { conformance: () => Promise.resolve(report) }) },
  }), { experimentalEnabled: true });
  test.core.bus.register(
    anyCapability({ name: "experimental.echo", stability: "experimental" }),
    () => ({ output: {} }),
  );
  registerProtocol(test.core);
  const call = async (name: string, input: JsonObject = {}, caller = MEM1) => {
    const level = test.core.community.level(caller.id);
    const answer = await test.core.bus.dispatch(callOf(name, { body: { input }, caller: caller.id, level }));
    return answer.kind === "unary" ? answer.body["output"] as JsonObject : {};
  };
  return { ...test, call };
}

const REPORT: JsonObject = {
  implementation: { name: "n" },
  protocol_version: "3.0.0",
  suite_version: "3.0.0",
  ran_at: "2026-09-21T00:00:00Z",
  sections: {
    "core/bus": { name: "core/bus", total: 6, passed: 3, failed: 0, skipped: 3, failures: [] },
    "core/files": { name: "core/files", total: 2, passed: 2, failed: 0, skipped: 0, failures: [] },
  },
  overall: "pass",
  signature: null,
  signature_reason: "made by a tester",
};

Deno.test("versions and self-description agree", async () => {
  const { call } = node();
  const versions = await call("protocol.version.list") as {
    contract_versions: string[];
    implementation: { name: string; version: string };
    conformance_passed: unknown[];
  };
  const own = await call("protocol.self.describe") as { name: string; version: string; protocol_versions: string[] };
  assertEquals(await call("protocol.self_describe"), own);
  assertEquals([own.name, own.version], [versions.implementation.name, versions.implementation.version]);
  const majors = (list: string[]) => list.map((v) => v.split(".")[0]);
  assertEquals(majors(own.protocol_versions), majors(versions.contract_versions));
  assertEquals(versions.conformance_passed, []);
});

Deno.test("self-description lists the advertised capabilities with their tier", async () => {
  const { call, core } = node();
  const { capabilities } = await call("protocol.self.describe") as { capabilities: { name: string; tier: string }[] };
  assertEquals(capabilities.map(({ name }) => name), core.bus.entries().map(({ name }) => name));
  assertEquals(capabilities.find(({ name }) => name === "experimental.echo")?.tier, "experimental");
});

Deno.test("a report is for the node itself only", async () => {
  const { call } = node(REPORT);
  for (const caller of [MEM1, TRUST1]) {
    assertEquals(await codeOf(call("protocol.conformance.report", {}, caller)), "unauthorized");
  }
});

Deno.test("without a suite the report is skipped, an unknown suite version is refused", async () => {
  const { call, events } = node();
  assertEquals(await call("protocol.conformance.report", { suite_version: "3.0" }, NODE), {
    overall: "skipped",
    reason: "suite_not_installed",
  });
  const refused = call("protocol.conformance.report", { suite_version: "99.0" }, NODE);
  assertEquals(await codeOf(refused), "protocol_version_unknown");
  assertEquals(events, []);
});

Deno.test("a report is signed, stored, counted, logged and claimed when it passed", async () => {
  const { call, events, blobs } = node(REPORT);
  const output = await call("protocol.conformance.report", {}, NODE) as { report_cid: string };
  assertObjectMatch(output, { passed: 5, failed: 0, skipped: 3 });
  const stored = parseJson(fromUtf8(blobs.get(output.report_cid) ?? new Uint8Array())) as JsonObject;
  assertEquals([verifyDocument(NODE.id, stored), "tester" in stored, "signature_reason" in stored], [
    true,
    false,
    false,
  ]);
  assertObjectMatch(events[0] ?? {}, {
    event_type: "protocol.conformance.reported",
    data: { report_cid: output.report_cid, suite_version: "3.0.0", overall: "pass" },
  });
  const { conformance_passed } = await call("protocol.version.list");
  assertEquals(conformance_passed, [{ suite: "3.0.0", report_cid: output.report_cid }]);
});

Deno.test("a failed report is not claimed", async () => {
  const { call } = node({ ...REPORT, overall: "fail" });
  await call("protocol.conformance.report", {}, NODE);
  assertEquals((await call("protocol.version.list"))["conformance_passed"], []);
});

Deno.test("the registry holds the node, keeps one entry per vendor, name and version, and any future version", async () => {
  const { call } = node();
  const descriptor = {
    name: "x",
    vendor: "a",
    version: "1",
    protocol_versions: ["99.0.0"],
    homepage_url: null,
    contact: null,
  };
  for (const vendor of ["a", "a", "b"]) {
    await call("protocol.registry.announce", { descriptor: { ...descriptor, vendor } });
  }
  await call("protocol.registry.announce", { ...descriptor, name: "bare" });
  const { implementations } = await call("protocol.registry.list") as { implementations: JsonObject[] };
  const own = await call("protocol.self.describe");
  assertEquals(implementations.map(({ vendor, name }) => `${vendor}/${name}`), [
    `${own["vendor"]}/${own["name"]}`,
    "a/x",
    "b/x",
    "a/bare",
  ]);
  assertEquals(implementations[1]?.["protocol_versions"], ["99.0.0"]);
});

Deno.test("malformed descriptors are refused and not kept", async () => {
  const { call } = node();
  const good = { name: "x", vendor: "a", version: "1", protocol_versions: ["3.0.0"] };
  const changes: JsonObject[] = [
    { name: "" },
    { vendor: null },
    { version: 1 },
    { protocol_versions: [] },
    { protocol_versions: ["v3"] },
    { protocol_versions: [{ major: 3 }] },
    { protocol_versions: "3.0.0" },
    { contact: 7 },
    { name: "y".repeat(20_000) },
  ];
  for (const change of changes) {
    const announced = call("protocol.registry.announce", { descriptor: { ...good, ...change } });
    assertEquals(await codeOf(announced), "protocol_descriptor_invalid", JSON.stringify(change).slice(0, 60));
  }
  assertEquals(await codeOf(call("protocol.registry.announce", { descriptor: 7 })), "protocol_descriptor_invalid");
  const { implementations } = await call("protocol.registry.list") as { implementations: JsonObject[] };
  assertEquals(implementations.length, 1);
});
