/** The command part of replaying a transcript: what to replay, one case after the other, and one result of all. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Options, UsageError } from "../../src/cli/parse.ts";
import { type Clock, fromUtf8Lossy, isObject, tryParseJson } from "../../src/protocol/mod.ts";
import { writeAtomic } from "../../src/report/atomic.ts";
import { globPattern } from "../../src/runner/select.ts";
import { namesFor } from "../../src/runner/recorded/stand_ins.ts";
import type { Target } from "../../src/target/target.ts";
import { openSession } from "../../src/target/open.ts";
import { LiveNetwork, nullSink, readTranscript, type Transcript } from "../../src/wire/mod.ts";
import { makeTarget, readText, sideOptions } from "../contest.ts";
import { banner, type DiffContext, finish, type ResultOutput } from "../diff_command.ts";
import { LawFinder } from "../law_finder.ts";
import { Mask, maskText, parseMask, STANDING_MASK } from "../mask.ts";
import { ShrinkLedger } from "../shrink_state.ts";
import { type Contestant, meet, type RunFrame, startsFresh } from "../side.ts";
import { readsOnly } from "../read_only.ts";
import { Before } from "../used_node.ts";
import { recordedAnswer } from "./canned.ts";
import { type RecordedScope, scopeOf } from "./exchanges.ts";
import { noteMembers, type RecordedNode, recordingOf } from "./recording.ts";
import { replayResult } from "./replay_result.ts";
import { type ReplayedScope, type ReplayFrame, replayScope } from "./replay_scope.ts";

/** Name of the transcript in the folder of a run. */
const TRANSCRIPT = "transcript.jsonl.zst";
/** First bytes of a zstd frame (RFC 8878 section 3.1.1). */
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** The scope in which a run looks at its target before the cases. */
const PREFLIGHT = "preflight";
/** Names of what cannot be undone: revocations, promotions, policies, pacts. */
const HARM = /community\.(member\.(revoked|promoted)|policy)|auth\.token\.revoke|federation\./;
const MS_PER_SECOND = 1000;

/** Whether a path is the folder or the transcript of a run. @throws {UsageError} If there is nothing. */
export async function isTranscript(path: string): Promise<boolean> {
  try {
    if ((await Deno.stat(path)).isDirectory) return true;
    using file = await Deno.open(path);
    const first = new Uint8Array(ZSTD_MAGIC.length);
    await file.read(first);
    return ZSTD_MAGIC.every((byte, index) => first[index] === byte);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such file" : error instanceof Error ? error.message : error;
    throw new UsageError(`--replay ${path}: cannot be read: ${why}`);
  }
}

async function transcriptOf(path: string): Promise<Transcript> {
  const file = (await Deno.stat(path)).isDirectory ? join(path, TRANSCRIPT) : path;
  try {
    return await readTranscript(file);
  } catch (error) {
    throw new UsageError(`--replay ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Runs the replay; returns the exit code. */
export async function replayCommand(
  path: string,
  options: Options,
  context: DiffContext,
  output: Omit<ResultOutput, "embedded">,
  resumed?: { readonly left: string; readonly right: string; readonly only: readonly string[] },
): Promise<number> {
  const { clock, signal } = context;
  const { printer, directory } = output;
  const transcript = await transcriptOf(path);
  const { seed: recordedSeed, target: recordedTarget } = transcript.header;
  const seed = typeof recordedSeed === "number" ? recordedSeed : 0;
  const frame: RunFrame = {
    seed,
    timeOrigin: Math.floor(clock.wall() / MS_PER_SECOND) * MS_PER_SECOND,
    clock,
    scope: "replay",
  };
  const asked = options.given("right") ? undefined : resumed?.right;
  const spec = asked ?? options.text("right") ?? "embedded";
  const only = options.given("only") ? options.list("only") : resumed?.only ?? [];
  const place = { program: context.program, directory: join(directory, "nodes") };
  const target = await makeTarget(sideOptions(options, "right", spec), spec, frame, place);
  const embedded = target.kind === "embedded" ? ["right"] : [];
  const targets = [target];
  try {
    banner(printer, embedded);
    const right = await meet("right", target, frame);
    const scopes = selected(transcript, only);
    if (scopes.length === 0) throw new UsageError(`--only ${only.join(",")}: no recorded case matches`);
    const node = await nodeOf(transcript, seed, clock);
    const cases: ReplayedScope[] = [];
    // A node that ran before it was recorded holds what no fresh node does.
    const ran = typeof recordedTarget === "string" && /^https?:/.test(recordedTarget);
    const inUse = (one: Contestant) => startsFresh(one) ? { ran } : { ran, before: new Before() };
    const before = inUse(right);
    for (const [index, scope] of scopes.entries()) {
      printer.progress(`replaying ${index + 1} of ${scopes.length}: ${scope.scope}`);
      cases.push(await replayOne(scope, right, frame, { node, ...before, signal }));
    }
    const given = options.text("mask");
    const mask = new Mask(given === undefined ? STANDING_MASK : parseMask(await readText("mask", given)));
    const recording = typeof recordedTarget === "string" ? `recording of ${recordedTarget}` : "recording";
    const leftSpec = options.given("left") || resumed === undefined
      ? standInSpec(options, recordedTarget)
      : resumed.left;
    const budgetMs = options.number("shrink-budget") ?? 0;
    const head = {
      left: leftSpec,
      right: spec,
      plan: { seed, actors: {}, steps: [] },
      timeOrigin: frame.timeOrigin,
      mask: [],
      calibrationRuns: 0,
      recording: { path, only, digest: digestOf(scopes) },
    };
    const standIn = async () => {
      printer.progress("starting a stand-in for the recorded node");
      const made = await makeTarget(sideOptions(options, "left", leftSpec), leftSpec, frame, place);
      targets.push(made);
      const contestant = await meet("left", made, frame);
      const differs = async (index: number) => {
        const scope = scopes[index];
        if (scope === undefined) return [];
        const { findings } = await replayOne(scope, contestant, frame, { node, ...inUse(contestant), signal });
        return findings.filter((finding) => !mask.hides(finding));
      };
      return { contestant, differs };
    };
    const result = await replayResult(scopes, cases, {
      ...{ recording, right, frame, mask, directory, signal, standIn },
      budgetMs,
      progress: (text) => printer.progress(text),
      ...(budgetMs === 0 ? {} : { ledger: await ShrinkLedger.open(directory, head) }),
      ...(context.requirements === undefined ? {} : { laws: new LawFinder(await context.requirements()) }),
    });
    if (given === undefined) await writeAtomic(join(directory, "mask.yaml"), maskText(STANDING_MASK));
    return await finish(result, { ...output, embedded });
  } finally {
    await Promise.all(targets.map((one) => one.stop()));
    await Deno.remove(place.directory, { recursive: true }).catch(() => {});
  }
}

/** Why bytes may not be sent to a target, if so (design.md "Safety of live nodes"). */
function permitsOf({ access }: Target): (sent: Uint8Array) => string | undefined {
  return (sent) => {
    if (!access.allowWrites && !readsOnly(sent)) return "it writes, and --allow-writes was not given";
    if (!access.disposable && HARM.test(fromUtf8Lossy(sent))) {
      return "it leaves harm behind, and --disposable was not given";
    }
    return undefined;
  };
}

/** What stands in for the recorded node: what `--left` says, the same built-in node again, or the sound one. */
function standInSpec(options: Options, recorded: unknown): string {
  if (options.given("left")) return options.text("left") ?? "embedded";
  return typeof recorded === "string" && /^embedded(:|$)/.test(recorded) ? recorded : "embedded";
}

/** Changes with every byte that is replayed or compared. */
function digestOf(scopes: readonly RecordedScope[]): string {
  const hash = createHash("sha256");
  for (const { scope, exchanges } of scopes) {
    hash.update(scope);
    for (const { sent, received } of exchanges) hash.update(sent).update(received);
  }
  return hash.digest("hex");
}

/** The recorded cases that were asked for; repeats of a case are left out. */
function selected({ scopes }: Transcript, globs: readonly string[]): RecordedScope[] {
  const patterns = globs.map(globPattern);
  return [...scopes].flatMap(([scope, records]) =>
    scope !== PREFLIGHT && !scope.includes("#") && (patterns.length === 0 || patterns.some((one) => one.test(scope)))
      ? [scopeOf(scope, records)]
      : []
  );
}

/** What all recorded cases together tell of the node, for recordings of nodes the tester did not start. */
async function nodeOf({ scopes }: Transcript, seed: number, clock: Clock): Promise<RecordedNode> {
  const levels = new Map<string, string>();
  let named: { readonly nodeId: string; readonly communityId: string } | undefined;
  for (const [scope, records] of scopes) {
    for (const exchange of scopeOf(scope, records).exchanges) {
      noteMembers(exchange, levels);
      if (named !== undefined || !fromUtf8Lossy(exchange.sent).startsWith("GET /manifest ")) continue;
      const value = tryParseJson((await recordedAnswer(exchange, clock)).body);
      if (!isObject(value)) continue;
      const { node_id: nodeId, community_id: communityId } = value;
      if (typeof nodeId === "string" && typeof communityId === "string") named = { nodeId, communityId };
    }
  }
  return { seed, nodeId: named?.nodeId, communityId: named?.communityId, levels };
}

async function replayOne(
  scope: RecordedScope,
  { target, preflight }: Contestant,
  { seed, clock, timeOrigin }: RunFrame,
  { node, ...known }: Pick<ReplayFrame, "signal" | "before" | "ran"> & { readonly node: RecordedNode },
): Promise<ReplayedScope> {
  const network = new LiveNetwork({ scope: scope.scope, sink: nullSink, clock });
  try {
    const { session, actors } = await openSession(target, {
      network,
      profile: preflight.profile,
      seed,
      timeOrigin,
      scope: scope.scope,
      needs: { movingClock: true, durable: target.kind === "process" },
    });
    try {
      const recording = recordingOf(scope, node);
      const names = await namesFor(recording, session, actors);
      return await replayScope(scope, session, { ...known, recording, names, clock, permits: permitsOf(target) });
    } finally {
      await session.close();
    }
  } finally {
    await network.close();
  }
}
