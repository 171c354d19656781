import { assertEquals } from "@std/assert";
import { buildRunManifest, runManifestText } from "./run_manifest.ts";
import { caseResult, runOf, TARGET } from "./testing.ts";

const run = runOf([
  caseResult("core/kb/b", { outcome: "skipped", skip: "slow", reason: "needs --slow" }),
  caseResult("core/bus/a"),
], {
  target: { kind: "endpoint", url: "https://ann:hunter2@127.0.0.1:7900/", dialect: "contract" },
  configuration: {
    "admin-token": "eyJ0b2tlbg.payload.sig",
    "root-key": "/keys/root",
    parallel: 2,
    note: "eyJ0b2tlbg.payload.sig",
  },
});

Deno.test("the run manifest tells what was run and what it takes to run it again", () => {
  assertEquals(buildRunManifest(run, { options: ["admin-token", "root-key"], texts: ["eyJ0b2tlbg.payload.sig"] }), {
    schema: "hearthproof.run_manifest/1",
    suite_version: "1.2.0",
    suite_commit: "49134d0",
    protocol_version: "3.0.0",
    target: { kind: "endpoint", url: "https://127.0.0.1:7900/", dialect: "contract", node_id: TARGET.id },
    configuration: { "admin-token": "(given)", "root-key": "(given)", parallel: 2, note: "(secret)" },
    seed: 0xC0FFEE,
    time_origin: 1_783_000_000_000,
    strict: false,
    selection: {
      filtered: false,
      ran: ["core/bus/a"],
      skipped: [{ id: "core/kb/b", kind: "slow", reason: "needs --slow" }],
      sections_deselected: [],
    },
    started_at: "2026-07-02T09:15:00Z",
    finished_at: "2026-07-02T09:15:12Z",
    duration_ms: 12346,
  });
});

Deno.test("no key and no token given to the runner occurs in the text", () => {
  const text = runManifestText(
    buildRunManifest(run, { options: ["admin-token", "root-key"], texts: ["eyJ0b2tlbg.payload.sig"] }),
  );
  for (const secret of ["eyJ0b2tlbg", "/keys/root", "hunter2"]) assertEquals(text.includes(secret), false);
});
