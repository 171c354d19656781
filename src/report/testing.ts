/** Results of invented runs for the tests of the writers. */

import { identityFromSeed, utf8 } from "../protocol/mod.ts";
import { buildReport, type ConformanceReport } from "./build.ts";
import { REQUIRED_CORE } from "./overall.ts";
import type { CaseResult, Outcome, RunResult, ShownExchange } from "./results.ts";
import { signReport } from "./sign.ts";

const KEY_BYTES = 32;

/** The target of the invented runs, and the tester. */
export const TARGET = identityFromSeed(new Uint8Array(KEY_BYTES).fill(1));
export const TESTER = identityFromSeed(new Uint8Array(KEY_BYTES).fill(2));
export const DIGEST = `blake3:${"ab".repeat(KEY_BYTES)}`;

/** What a hostile target may answer: tags, quotes, ANSI escapes, a reordering override and NUL. */
export const HOSTILE = `<script>alert("x")</script>'\`&amp; \x1b[31mred\x1b[0m \u202Eexe.txt\u0000 ]]> -->`;

/** One case result, passed unless told otherwise. */
export function caseResult(id: string, over: Partial<CaseResult> = {}): CaseResult {
  return {
    id,
    requirement: "IDN-021",
    specRef: "CONTRACT §6.1",
    level: "MUST",
    section: id.slice(0, id.lastIndexOf("/")),
    outcome: "pass",
    notes: [],
    durationMs: 12.4,
    ...over,
  };
}

/** A failed case. */
export function failed(id: string, over: Partial<CaseResult> = {}): CaseResult {
  return caseResult(id, {
    outcome: "fail",
    failure: {
      expected: "404 not_found",
      observed: "200 with empty data_b64",
      reproduction: `hearthproof run --seed 0xC0FFEE --suite-filter ${id}`,
      exchange: 17,
    },
    ...over,
  });
}

/** One passed case in every required core section. */
export function corePassed(): CaseResult[] {
  return REQUIRED_CORE.map((section) => caseResult(`${section}/sound`));
}

/** A run of the given cases. */
export function runOf(cases: readonly CaseResult[], over: Partial<RunResult> = {}): RunResult {
  return {
    implementation: {
      name: "tinyhearth",
      vendor: "example.test",
      version: "0.3.1",
      protocol_versions: ["3.0.0"],
      homepage_url: null,
      contact: null,
    },
    protocolVersion: "3.0.0",
    suiteVersion: "1.2.0",
    suiteCommit: "49134d0",
    ranAt: "2026-07-02T09:15:00Z",
    durationMs: 12_345.6,
    seed: 0xC0FFEE,
    timeOrigin: 1_783_000_000_000,
    target: { kind: "endpoint", url: "http://127.0.0.1:7900", dialect: "contract" },
    nodeId: TARGET.id,
    strict: false,
    filtered: false,
    cases,
    advertised: ["file.read", "llm.chat"],
    sectionsWithSuite: [...REQUIRED_CORE, "services/chat", "federation"],
    sectionsAdvertised: [...REQUIRED_CORE],
    sectionsDeselected: [],
    substitutions: [],
    remarks: [],
    calls: 4321,
    configuration: {},
    ...over,
  };
}

/** A run with every outcome and with hostile text wherever a target can put some. */
export function hostileRun(): RunResult {
  const hostileFailure = {
    expected: "a manifest with expires_at at most 86400 s after issued_at",
    observed: HOSTILE,
    reproduction:
      "hearthproof run --target http://127.0.0.1:7900 --seed 0xC0FFEE --suite-filter core/identity/lifetime",
    exchange: 17,
  };
  return runOf([
    ...corePassed(),
    failed("core/identity/lifetime", {
      failure: hostileFailure,
      notes: [`said ${HOSTILE}`],
      attempts: ["fail", "fail"],
    }),
    failed("core/files/read-unknown", { requirement: "FIL-018", specRef: "CONTRACT §4.7" }),
    failed("core/bus/latency-hint", { requirement: "BUS-005", level: "SHOULD" }),
    caseResult("core/kb/corpora", { outcome: "skipped", skip: "gated", reason: "no corpus is known" }),
    caseResult("core/llm/late", { outcome: "skipped", skip: "slow", reason: "needs --slow" }),
    caseResult("core/events/order", { outcome: "inconclusive", reason: "no event was seen" }),
    caseResult("core/tokens/mint", { outcome: "error", reason: `set-up failed: ${HOSTILE}` }),
  ], {
    implementation: {
      name: HOSTILE,
      vendor: HOSTILE,
      version: "0.3.1",
      protocol_versions: ["3.0.0"],
      homepage_url: null,
      contact: null,
    },
    advertised: ["file.read", HOSTILE],
    remarks: ["What was in the log before this run was left out."],
  });
}

/** An exchange for the failure of {@linkcode hostileRun}. */
export function hostileExchanges(): ShownExchange[] {
  return [{
    exchange: 17,
    caseId: "core/identity/lifetime",
    sent: utf8("GET /manifest HTTP/1.1\r\nhost: 127.0.0.1:7900\r\n\r\n"),
    received: utf8(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"name":"${HOSTILE}"}`),
  }];
}

/** The signed report of a run. */
export function signedReport(run: RunResult): ConformanceReport {
  return signReport(buildReport(run), { tester: TESTER, transcriptDigest: DIGEST });
}

/** Every outcome. */
export const OUTCOMES: readonly Outcome[] = ["pass", "fail", "skipped", "inconclusive", "error"];
