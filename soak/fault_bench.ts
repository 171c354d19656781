/**
 * The table of the issue: every fault that shows over time gets its verdict and its first offence in a run of 60 s at
 * 20/s, and the sound node gets none of them. Runs wait most of their time, so several go side by side.
 *
 *     deno run -A soak/fault_bench.ts [--parallel N] [--only WORD] [--sound N] [--seed N]
 */

import { parseArgs } from "@std/cli/parse-args";
import { selfCommand } from "../src/cli/self_command.ts";
import type { SoakReport } from "./soak_report.ts";

/** A fault, and how its run must end. */
interface Row {
  readonly fault: string;
  readonly verdict: "drifting" | "violated";
  /** What the reason must say: the series or monitor, and the first offence. */
  readonly says: RegExp;
  readonly more?: readonly string[];
}

/** In the order of the issue. */
const ROWS: readonly Row[] = [
  { fault: "leaks-memory-per-call", verdict: "drifting", says: /^memory\.(rss|pss): / },
  { fault: "drops-every-500th-event", verdict: "violated", says: /^events: lost: event \S+ / },
  { fault: "duplicates-one-event", verdict: "violated", says: /^events: duplicated: / },
  { fault: "rewrites-an-old-event", verdict: "violated", says: /^log-integrity: rewritten: event \S+ / },
  { fault: "breaks-audit-link", verdict: "violated", says: /^audit-chain: broken: record 20 .*does not link/ },
  { fault: "forks-audit-chain", verdict: "violated", says: /^audit-chain: equivocation: record 20 / },
  { fault: "answers-slower-every-10-s", verdict: "drifting", says: /^latency\.p(50|99): / },
  {
    fault: "forgets-last-event-on-restart",
    verdict: "violated",
    says: /^((named-)?events: lost: |log-integrity: (forgotten: |head (went back|is )))/,
    more: ["--restart-at", "30s"],
  },
  { fault: "manifest-signed-once", verdict: "violated", says: /^manifest: (renewed late|stale): / },
];
const SOUND_RUNS = 20;
const DURATION = "60s";
const RATE = "20/s";
const FAULT_COLUMNS = 32;
const VERDICT_COLUMNS = 14;

const args = parseArgs(Deno.args, { string: ["parallel", "only", "sound", "seed"] });
const parallel = Number(args.parallel ?? 4);
const sound = Number(args.sound ?? SOUND_RUNS);
const firstSeed = Number(args.seed ?? 1);
const main = new URL("../main.ts", import.meta.url).href;
const folder = await Deno.makeTempDir({ prefix: "hearthproof-faults-" });

interface Job {
  readonly name: string;
  readonly args: readonly string[];
  readonly judge: (report: SoakReport) => boolean;
}

const NOT_OF_A_FAULT: readonly string[] = ["stable", "inconclusive"];
const jobs: Job[] = [
  ...ROWS.map(({ fault, verdict, says, more = [] }) => ({
    name: fault,
    args: ["--target", `embedded:${fault}`, ...more],
    judge: (report: SoakReport) => report.verdict === verdict && says.test(report.reason),
  })),
  ...Array.from({ length: sound }, (_, run) => ({
    name: `sound ${run + 1}`,
    // Every other one is restarted, as the run of the fault that forgets is.
    args: run % 2 === 0 ? [] : ["--restart-at", "30s"],
    judge: (report: SoakReport) => NOT_OF_A_FAULT.includes(report.verdict),
  })),
].filter(({ name }) => name.includes(String(args.only ?? "")));

/** Runs one job; true if it ended as it must. */
async function run(job: Job, seed: number): Promise<boolean> {
  const out = `${folder}/${seed}`;
  const command = selfCommand(main, [
    "soak",
    "--duration",
    DURATION,
    "--rate",
    RATE,
    "--seed",
    String(seed),
    "--output-dir",
    out,
    ...job.args,
  ]);
  const child = new Deno.Command(command.program, { args: [...command.args], stdout: "null", stderr: "piped" });
  const { stderr } = await child.output();
  let line = `no report: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`;
  let good = false;
  try {
    const report = JSON.parse(await Deno.readTextFile(`${out}/soak-report.json`)) as SoakReport;
    good = job.judge(report);
    line = `${report.verdict.padEnd(VERDICT_COLUMNS)}${report.reason}`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  print(`${good ? "ok  " : "BAD "}${job.name.padEnd(FAULT_COLUMNS)}${line}`);
  return good;
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

let next = 0;
let bad = 0;
const lane = async () => {
  for (let index = next++; index < jobs.length; index = next++) {
    const job = jobs[index];
    if (job !== undefined && !await run(job, firstSeed + index)) bad++;
  }
};
await Promise.all(Array.from({ length: parallel }, lane));
print(`${jobs.length - bad} of ${jobs.length} runs ended as they must`);
if (bad === 0) await Deno.remove(folder, { recursive: true });
else print(`reports: ${folder}`);
Deno.exit(bad === 0 ? 0 : 1);
