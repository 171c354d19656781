/**
 * Kills the tester with SIGKILL at random moments of a run, resumes it each time, and compares the final accounting with
 * the target's own log. Run in slices: `deno run -A soak/kill_bench.ts KILLS SEED`, for instance `10 1`.
 */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type EventEnvelope, Random } from "../src/protocol/mod.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { systemClock } from "../src/wire/clock.ts";
import { EventText } from "./event_text.ts";
import { segmentOf } from "./journal.ts";
import { folderDisk } from "./journal_disk.ts";
import { JOURNAL_DIR, RUN_FILE } from "./journal_restore.ts";
import { REPORT_FILE } from "./run_folder.ts";
import type { SoakReport } from "./soak_report.ts";
import { runName } from "./soak_run.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
const RATE = 100;
/** Milliseconds of load between two kills, from and to. */
const SHORTEST_MS = 200;
const LONGEST_MS = 3000;
/** Milliseconds of load after the last kill. */
const LAST_MS = 2000;
/** Share of the kills that come while a run is being resumed, and the part of the time they are given. */
const EARLY_SHARE = 0.25;
const EARLY_PART = 0.4;
/** Milliseconds a tester has to begin its load. */
const BEGIN_DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 20;
/** How much of a tester's last words an error quotes. */
const QUOTED_OUTPUT = 1000;

/** What came of one run with kills. */
export interface KillOutcome {
  readonly kills: number;
  readonly report: SoakReport;
  /** Events of the run in the target's log, read from its database. */
  readonly logged: number;
  /** Posts of the run that were not expired; on a busy machine the load after the last kill does not get to all. */
  readonly alive: number;
  /** What does not agree; empty when the accounting is exact. */
  readonly wrong: readonly string[];
}

/** One run in a folder of its own, which must not exist. */
export async function runWithKills(folder: string, kills: number, seed: number): Promise<KillOutcome> {
  const clock = systemClock();
  const random = new Random(seed, "kill-bench");
  const plan = Array.from({ length: kills }, (_, index) => ({
    // Some die while they resume, before any load.
    early: index > 0 && random.unit() < EARLY_SHARE,
    ms: SHORTEST_MS + random.unit() * (LONGEST_MS - SHORTEST_MS),
  }));
  const durationMs = Math.ceil(plan.reduce((sum, { ms }) => sum + ms, LAST_MS));
  for (const [index, { early, ms }] of plan.entries()) {
    const before = await newestSegment(folder);
    const tester = start(folder, index === 0 ? durationMs : undefined, seed);
    const said = Promise.all([tester.stderr, tester.stdout].map((stream) => new Response(stream).text()));
    if (!early) await untilLoad(folder, before, tester, said);
    await clock.sleep(early ? ms * EARLY_PART : ms);
    tester.kill("SIGKILL");
    await tester.status;
    await said;
  }
  const last = start(folder, kills === 0 ? durationMs : undefined, seed);
  const { stderr } = await last.output();
  let report: SoakReport;
  try {
    report = JSON.parse(await Deno.readTextFile(join(folder, REPORT_FILE))) as SoakReport;
  } catch {
    throw new Error(
      `Cannot read the report of the resumed run: ${new TextDecoder().decode(stderr).slice(-QUOTED_OUTPUT)}`,
    );
  }
  const { logged, alive } = await ownEvents(folder);
  const early = plan.filter((one) => one.early).length;
  return { kills, report, logged, alive, wrong: compare(report, logged, kills, early) };
}

function compare({ events, gaps, monitors }: SoakReport, logged: number, kills: number, early: number): string[] {
  const wrong: string[] = [];
  const same = (what: string, expected: number, observed: number) => {
    if (expected !== observed) wrong.push(`${what}: expected ${expected}, observed ${observed}`);
  };
  same("events in the target's log", logged, events.observed);
  for (const what of ["lost", "duplicated", "reordered", "changed"] as const) same(what, 0, events[what]);
  if (gaps.length > kills || gaps.length < kills - early) wrong.push(`${gaps.length} gaps after ${kills} kills`);
  if (events.acknowledged > events.observed) {
    wrong.push(`${events.acknowledged} acknowledged, ${events.observed} observed`);
  }
  if (events.sent < events.observed) wrong.push(`${events.sent} sent, ${events.observed} observed`);
  // What was under way at a death was sent and not acknowledged; there is no more of it than of calls under way.
  const unanswered = events.sent - events.acknowledged;
  if (unanswered > kills * RATE) wrong.push(`${unanswered} writes were sent and never acknowledged`);
  for (const { name, outcome, reason } of monitors) if (outcome === "violated") wrong.push(`${name}: ${reason}`);
  return wrong;
}

function start(folder: string, durationMs: number | undefined, seed: number): Deno.ChildProcess {
  const asked = durationMs === undefined
    ? ["--resume", folder]
    : ["--duration", `${durationMs}ms`, "--rate", `${RATE}/s`, "--seed", String(seed), "--output-dir", folder];
  const { program, args } = selfCommand(MAIN, ["soak", ...asked]);
  return new Deno.Command(program, { args: [...args], stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
}

/** Waits until a segment of the journal newer than `before` shows that a write was sent. */
async function untilLoad(
  folder: string,
  before: string,
  tester: Deno.ChildProcess,
  said: Promise<readonly string[]>,
): Promise<void> {
  const clock = systemClock();
  const end = clock.mono() + BEGIN_DEADLINE_MS;
  let ended = false;
  tester.status.then(() => ended = true);
  while (!ended && clock.mono() < end) {
    const newest = await newestSegment(folder);
    if (newest > before) {
      const text = await Deno.readTextFile(join(folder, JOURNAL_DIR, newest));
      if (text.includes('"kind":"sending"')) return;
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
  if (!ended) tester.kill("SIGKILL");
  const words = (await said).join("").slice(-QUOTED_OUTPUT);
  throw new Error(`Cannot kill the tester: it ${ended ? "ended by itself" : "did not begin its load"}: ${words}`);
}

/** Name of the newest segment; empty without any. */
async function newestSegment(folder: string): Promise<string> {
  const names = await folderDisk(join(folder, JOURNAL_DIR)).names();
  return names.filter((name) => segmentOf(name) !== undefined).at(-1) ?? "";
}

/** Events of the run in the database of the node, counted without any part of the tester's accounting. */
async function ownEvents(folder: string): Promise<{ readonly logged: number; readonly alive: number }> {
  const { config } = JSON.parse(await Deno.readTextFile(join(folder, JOURNAL_DIR, RUN_FILE))) as {
    readonly config: { readonly timeOrigin: number };
  };
  const prefix = new EventText(runName(config)).clientId(0, 0).replace(/0-0$/, "");
  const database = new DatabaseSync(join(folder, `node-${config.timeOrigin}`, "events.sqlite"), { readOnly: true });
  try {
    const rows = database.prepare("SELECT * FROM events").all();
    const own = rows.filter((row) => JSON.stringify(row).includes(prefix))
      .map(({ json }) => JSON.parse(String(json)) as EventEnvelope);
    const ofType = (type: string) => own.filter(({ event_type }) => event_type === type);
    // An expiry whose answer was lost is sent again, so one post may have two.
    const expired = new Set(ofType("market.post.expired").map(({ data }) => data.target_event_id));
    const alive = ofType("market.post.created").filter(({ event_id }) => !expired.has(event_id)).length;
    return { logged: own.length, alive };
  } finally {
    database.close();
  }
}

if (import.meta.main) {
  const kills = Number(Deno.args[0] ?? 10);
  const seed = Number(Deno.args[1] ?? 1);
  const folder = join(await Deno.makeTempDir({ prefix: "hearthproof-kills-" }), "run");
  const { report, logged, alive, wrong } = await runWithKills(folder, kills, seed);
  const { sent, acknowledged, observed, lost, duplicated } = report.events;
  const line =
    `seed ${seed}: ${kills} kills, ${report.load.calls} calls, ${sent} sent, ${acknowledged} acknowledged, ` +
    `${observed} observed, ${logged} in the node's database, ${lost} lost, ${duplicated} duplicated, ${alive} posts alive: `;
  await Deno.stdout.write(new TextEncoder().encode(`${line}${wrong.length === 0 ? "exact" : wrong.join("; ")}\n`));
  if (wrong.length === 0) await Deno.remove(join(folder, ".."), { recursive: true });
  Deno.exit(wrong.length === 0 ? 0 : 1);
}
