/** A bench for the runner and the reporter: eight small cases against an embedded node, real code all the way. */

import { header, jsonObject, okObject, status } from "../check/mod.ts";
import type { Overrides } from "../node/fault.ts";
import { isObject, type JsonObject, verifyDocument } from "../protocol/mod.ts";
import { buildReport } from "../report/build.ts";
import { REPORTER_FAULTS, type ReporterFault } from "../report/faults.ts";
import type { RunResult } from "../report/results.ts";
import { buildRunManifest } from "../report/run_manifest.ts";
import { signReport } from "../report/sign.ts";
import { foundedIdentities, testerIdentity } from "../target/access.ts";
import { EmbeddedTarget } from "../target/embedded.ts";
import { type Preflight, preflight, PreflightError } from "../target/preflight.ts";
import type { CaseContext, RunnableCase } from "./case.ts";
import type { BenchOptions, BenchRefusal, BenchRun, ReporterBench } from "./judged_reporter.ts";
import { run, type RunOptions } from "./run.ts";
import { type RunBasis, runOptions } from "./run_options.ts";
import { filterCases, plan } from "./select.ts";

/** Digest that stands for a transcript nobody keeps. */
const NO_TRANSCRIPT = `blake3:${"0".repeat(64)}`;
/** A token text that must never show up in what a run writes. */
const PLANTED_TOKEN = "hntoken://v1/planted.secret.value";

const read = (path: string) => async ({ target, must }: CaseContext) => {
  const answer = await target.httpGet(path);
  must(status(answer, 200));
  must.get(jsonObject(answer));
};

/** One case per required core section; the requirement ids are real, so levels and needs come from the catalogue. */
const BENCH_CASES: readonly (Pick<RunnableCase, "id" | "requirement" | "run">)[] = [
  { id: "core/identity/bench", requirement: "IDN-001", run: read("/manifest") },
  { id: "core/transport/bench", requirement: "TRN-008", run: read("/manifest") },
  { id: "core/bus/bench", requirement: "BUS-001", run: read("/manifest") },
  { id: "core/events/bench", requirement: "EVT-001", run: read("/sync/v1/heads") },
  { id: "core/tokens/bench", requirement: "TOK-030", run: read("/manifest") },
  {
    id: "core/files/bench",
    requirement: "FIL-028",
    run: async ({ target, actors, must }) => {
      must.get(okObject(await target.call(await actors.member(), "file.list", {})));
    },
  },
  {
    id: "core/kb/bench",
    requirement: "KBS-001",
    run: async ({ target, actors, must }) => {
      must.get(okObject(await target.call(await actors.member(), "rag.list_corpora", {})));
    },
  },
  {
    id: "core/llm/bench",
    requirement: "LLM-007",
    run: async ({ target, actors, must }) => {
      const model = String((target.advertised("llm.chat")?.params as JsonObject | undefined)?.model ?? "");
      const input = { messages: [{ role: "user", content: "hello" }], max_tokens: 2, stream: false };
      const answer = await target.call(await actors.member(), "llm.chat", input, { params: { model } });
      must.get(okObject(answer));
      must.hold(header(answer, "content-type") !== undefined, "a content type", "none");
    },
  },
];

/** Turns the sound node into the stub a bench run asks for. */
function stub(options: BenchOptions): Overrides {
  const { bare, contractVersion } = options;
  const trimmed = (value: JsonObject): JsonObject => ({
    ...value,
    ...(contractVersion === undefined ? {} : { contract_version: contractVersion }),
    ...(bare === true && Array.isArray(value.capabilities)
      ? { capabilities: value.capabilities.filter((c) => isObject(c) && c.name === "protocol.version.list") }
      : {}),
  });
  return {
    document: (kind, value) => kind === "node-manifest" ? trimmed(value) : value,
    outbound: (answer) => {
      if (contractVersion === undefined || answer.capability !== "protocol.version.list") return answer;
      const body = isObject(answer.body) && isObject(answer.body.output)
        ? { ...answer.body, output: { ...answer.body.output, contract_versions: [contractVersion] } }
        : answer.body;
      return { ...answer, body };
    },
  };
}

/** What the bench is made with. */
export interface BenchMaking extends RunBasis {
  /** Reporter faults in force. */
  readonly faults?: readonly string[];
}

async function lookAtAnyVersion({ target, networkOf, seed, timeOrigin }: RunOptions): Promise<Preflight> {
  const network = networkOf("preflight", false);
  try {
    return await preflight(target, network, { seed, timeOrigin, anyVersion: true });
  } finally {
    await network.close?.();
  }
}

/** See the module comment. */
export class RunnerBench implements ReporterBench {
  readonly #faults: readonly ReporterFault[];
  readonly #runs = new Map<string, Promise<BenchRun | BenchRefusal>>();

  constructor(private readonly making: BenchMaking) {
    this.#faults = (making.faults ?? []).flatMap((name) => REPORTER_FAULTS[name] ?? []);
  }

  build(result: RunResult): JsonObject {
    const changed = this.#faults.reduce((r, fault) => fault.result?.(r) ?? r, result);
    const plain = buildReport(changed) as unknown as JsonObject;
    const report = this.#faults.reduce((r, fault) => fault.report?.(r, changed) ?? r, plain);
    const { seed } = this.making;
    const signed = signReport(report as unknown as ReturnType<typeof buildReport>, {
      tester: testerIdentity(seed),
      target: foundedIdentities(seed).node,
      transcriptDigest: NO_TRANSCRIPT,
    }) as unknown as JsonObject;
    return this.#faults.reduce((r, fault) => fault.signedReport?.(r) ?? r, signed);
  }

  verify(report: JsonObject): boolean {
    return typeof report.node_id === "string" && verifyDocument(report.node_id, report);
  }

  run(options: BenchOptions = {}): Promise<BenchRun | BenchRefusal> {
    // Cases that ask for the same run share it; nobody changes what it returns.
    const key = JSON.stringify(options);
    let made = this.#runs.get(key);
    if (made === undefined) this.#runs.set(key, made = this.#run(options));
    return made;
  }

  async #run(options: BenchOptions): Promise<BenchRun | BenchRefusal> {
    const { making } = this;
    const { seed, timeOrigin } = making;
    const behaviour = Object.assign({}, ...this.#faults.map((fault) => fault.runner ?? {})) as NonNullable<
      ReporterFault["runner"]
    >;
    const target = new EmbeddedTarget({ seed, timeOrigin, faults: [], overrides: [stub(options)] });
    const definitions = BENCH_CASES.map((c): RunnableCase => ({ ...c, effects: "writes" }));
    const suites = definitions.map((c) => ({ section: c.id.slice(0, c.id.lastIndexOf("/")), cases: [c] }));
    const all = plan(suites, making.requirementOf);
    const selected = filterCases(all, options.filter === undefined ? [] : [options.filter]);
    const secrets = [PLANTED_TOKEN, foundedIdentities(seed).root.seed.toHex()];
    try {
      const plainOptions = runOptions(making, {
        target,
        all,
        selected,
        reporter: this,
        suiteCommit: "bench",
        configuration: { target: "embedded", "admin-token": PLANTED_TOKEN },
      });
      const { result } = await run({
        ...plainOptions,
        // A broken runner does not look whether it knows the version, or runs what the target does not offer.
        ...(behaviour.ignoreVersion === true ? { preflight: await lookAtAnyVersion(plainOptions) } : {}),
        ...(behaviour.failUnadvertised === true ? { gate: () => undefined } : {}),
      });
      const plain = buildRunManifest(result, { options: ["admin-token"], texts: secrets }) as unknown as JsonObject;
      const manifest = this.#faults.reduce((m, fault) => fault.manifest?.(m, secrets) ?? m, plain);
      return { result, report: this.build(result), manifest, secrets };
    } catch (error) {
      if (error instanceof PreflightError) return { refused: error.message };
      throw error;
    }
  }
}
