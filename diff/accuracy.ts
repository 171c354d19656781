/** How often the comparison is right: equal nodes that are called equal, faults that are found, sequences that are short. */

import { selfCommand } from "../src/cli/self_command.ts";
import type { Clock } from "../src/protocol/mod.ts";
import { Random } from "../src/protocol/mod.ts";
import { FAULTS } from "../src/node/faults/mod.ts";
import type { Overrides } from "../src/node/fault.ts";
import { EmbeddedTarget } from "../src/target/embedded.ts";
import { PreflightError } from "../src/target/preflight.ts";
import type { Target } from "../src/target/target.ts";
import { causesOf } from "./causes.ts";
import { ChildTarget } from "./child_target.ts";
import { commonCast, commonOffer } from "./contest.ts";
import type { Finding } from "./finding.ts";
import { freshRun, investigate } from "./investigate.ts";
import { Mask, STANDING_MASK } from "./mask.ts";
import { PLANTED } from "./planted.ts";
import type { Weights } from "./profile.ts";
import { type Contestant, meet, type RunFrame } from "./side.ts";
import { makePlan } from "./traffic/mod.ts";

/** Where and how a measurement runs. */
export interface Measure {
  readonly clock: Clock;
  readonly steps: number;
  /** With a program, nodes are its children with data in the folder; without, they live in this process. */
  readonly children?: { readonly program: string; readonly directory: string };
  readonly signal: AbortSignal;
  /** How often each kind of traffic is drawn, where not as usual. */
  readonly weights?: Weights;
}

/** What one side is. */
interface NodeKind {
  readonly faults?: readonly string[];
  readonly variants?: readonly string[];
  readonly overrides?: readonly Overrides[];
}

/** A node held against itself. */
export interface SelfMeasured {
  readonly seed: number;
  readonly steps: number;
  /** Differences found, which are all wrong; empty if the verdict is equal. */
  readonly differences: readonly string[];
}

/** A fault looked for. */
export interface FaultMeasured {
  readonly fault: string;
  /** Seeds tried. */
  readonly seeds: number;
  /** The seed and the step that showed it. */
  readonly found?: { readonly seed: number; readonly step: number; readonly at: string };
}

/** A planted difference shrunk. */
export interface ShrinkMeasured {
  readonly planted: string;
  readonly seed: number;
  /** Steps of the shortest sequence; absent if the run did not come across it, or it could not be shown again. */
  readonly shrunk?: number;
  readonly seen: boolean;
}

/** Origin of all times: midnight of a day that lies ahead of every clock of the machines used. */
const TIME_ORIGIN = Date.UTC(2027, 2, 14);
/** Words of `needs` that a member identity and what every node offers open (spec README "Words in needs"). */
const MEMBER_NEEDS = /^(member|members:\d+|capability:.*|probe|stream|trusted-only)$/;
/** Milliseconds for shrinking one planted difference. */
const SHRINK_BUDGET_MS = 60_000;

/** Compares a kind of node with itself; nothing is masked but what the documents leave open. */
export async function measureSelf(
  seed: number,
  variants: readonly string[],
  measure: Measure,
): Promise<SelfMeasured> {
  return await contest({ variants }, { variants }, seed, measure, async (left, right, frame, plan) => {
    const run = await freshRun({ left, right, frame, signal: measure.signal }, plan, "diff");
    const differences = causesOf(plan, run.findings.filter(counts())).map(({ first }) => textOf(first));
    const stopped = run.stop === undefined ? [] : [`${run.stop.who} stopped at step ${run.stop.step}`];
    return { seed, steps: run.left.length, differences: [...differences, ...stopped] };
  });
}

/** Holds a fault against the sound node, seed after seed until one shows it; a run ends with its first difference. */
export async function measureFault(fault: string, seeds: readonly number[], measure: Measure): Promise<FaultMeasured> {
  for (const [index, seed] of seeds.entries()) {
    const found = await contest({}, { faults: [fault] }, seed, measure, async (left, right, frame, plan) => {
      const { oneSided } = commonOffer([left, right]);
      const [only] = oneSided;
      if (only !== undefined) return { seed, step: 0, at: `one-sided ${only.capability}` };
      const shows = counts();
      let first: Finding | undefined;
      const until = (finding: Finding) => {
        if (first === undefined && shows(finding)) first = finding;
        return first !== undefined;
      };
      await freshRun({ left, right, frame, signal: measure.signal }, plan, "diff", until);
      return first === undefined ? undefined : { seed, step: first.step, at: textOf(first) };
    }).catch((error: unknown) => {
      // The command ends with this message before it compares: the fault is found, and named.
      if (error instanceof PreflightError) return { seed, step: 0, at: error.message };
      throw error;
    });
    if (found !== undefined) return { fault, seeds: index + 1, found };
  }
  return { fault, seeds: seeds.length };
}

/** Plants a difference into the answers to one capability and shrinks what shows it. */
export async function measureShrink(index: number, seed: number, measure: Measure): Promise<ShrinkMeasured> {
  const random = new Random(seed, "planted", index);
  const { name, overrides } = PLANTED[index % PLANTED.length]?.(random) ?? { name: "nothing", overrides: {} };
  const directory = await Deno.makeTempDir({ prefix: "hearthproof-accuracy-" });
  try {
    return await contest({}, { overrides: [overrides] }, seed, measure, async (left, right, frame, plan) => {
      const { signal } = measure;
      const run = await freshRun({ left, right, frame, signal }, plan, "diff");
      const mask = new Mask(STANDING_MASK);
      const causes = causesOf(plan, run.findings.filter((finding) => !mask.hides(finding)));
      const lab = { left, right, frame, mask, directory, budgetMs: SHRINK_BUDGET_MS, signal, progress: () => {} };
      const [difference] = await investigate(plan, run, causes.slice(0, 1), lab);
      const steps = difference?.minimal?.steps;
      return { planted: name, seed, seen: causes.length > 0, ...(steps === undefined ? {} : { shrunk: steps }) };
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Faults with a broken requirement whose needs are met by member identities; `needs` as the catalogue has them. */
export function memberFaults(needs: ReadonlyMap<string, readonly string[]>): string[] {
  return Object.entries(FAULTS).filter(([, { breaks }]) =>
    breaks.some((id) => needs.get(id)?.every((word) => MEMBER_NEEDS.test(word)) === true)
  ).map(([name]) => name);
}

/** Words of `needs` by requirement, asked of the program itself. */
export async function needsOfCatalogue(mainUrl: string): Promise<Map<string, string[]>> {
  const { program, args } = selfCommand(mainUrl, ["requirements", "--json"]);
  const { stdout, success } = await new Deno.Command(program, { args: [...args], stderr: "inherit" }).output();
  if (!success) throw new Error("Cannot measure: the program does not list its requirements");
  const { requirements } = JSON.parse(new TextDecoder().decode(stdout)) as {
    requirements: { id: string; needs: string[] }[];
  };
  return new Map(requirements.map(({ id, needs }) => [id, needs]));
}

function counts(): (finding: Finding) => boolean {
  const mask = new Mask(STANDING_MASK);
  return (finding) => !mask.hides(finding);
}

function textOf({ class: kind, address, path, step, left, right }: Finding): string {
  return `${kind} ${address} ${path} at step ${step}: ${left} / ${right}`;
}

type Plan = ReturnType<typeof makePlan>;

export async function contest<T>(
  left: NodeKind,
  right: NodeKind,
  seed: number,
  measure: Measure,
  work: (left: Contestant, right: Contestant, frame: RunFrame, plan: Plan) => Promise<T>,
): Promise<T> {
  const frame: RunFrame = { seed, timeOrigin: TIME_ORIGIN, clock: measure.clock, scope: "diff" };
  const targets = [left, right].map((kind) => targetOf(kind, frame, measure));
  try {
    const met = await Promise.all(targets.map((target, i) => meet(i === 0 ? "left" : "right", target, frame)));
    const [a, b] = met;
    if (a === undefined || b === undefined) throw new Error("Cannot measure: two targets are needed");
    const { steps, weights = {} } = measure;
    const plan = makePlan({ seed, steps, offer: commonOffer(met).offer, cast: commonCast(met), weights });
    return await work(a, b, frame, plan);
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
}

function targetOf(kind: NodeKind, { seed, timeOrigin, clock }: RunFrame, { children }: Measure): Target {
  const { faults = [], variants = [], overrides = [] } = kind;
  if (children === undefined) return new EmbeddedTarget({ seed, timeOrigin, faults, variants, overrides });
  return new ChildTarget({ ...children, seed, clock, faults, variants });
}
