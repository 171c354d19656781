/** From causes to differences: each is judged, shrunk on fresh nodes, and merged with what it turns out to follow from. */

import { join } from "node:path";
import { writeAtomic } from "../src/report/atomic.ts";
import { type Cause, causeKey } from "./causes.ts";
import { expectationOf } from "./expectation.ts";
import { curlLines, recordingText } from "./export.ts";
import { keyOf } from "./finding.ts";
import { judge } from "./judge.ts";
import type { Mask } from "./mask.ts";
import { type PairOptions, type PairRun, runPair } from "./pair.ts";
import { addressOf, needsOf, part, type Plan } from "./plan.ts";
import type { Difference, Minimal } from "./result.ts";
import { shrink } from "./shrink.ts";
import { type Contestant, openSide, type RunFrame } from "./side.ts";
import { smallerSteps } from "./smaller.ts";

/** What is needed to run again. */
export interface Laboratory {
  readonly left: Contestant;
  readonly right: Contestant;
  readonly frame: RunFrame;
  readonly mask: Mask;
  readonly directory: string;
  /** Milliseconds for all shrinking together; 0 leaves it out. */
  readonly budgetMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** Runs of the final sequence that state the confidence. */
const CONFIRMATIONS = 3;
/** Attempts at smaller values per sequence: each costs a pair of nodes. */
const MAX_VALUE_ATTEMPTS = 24;

interface Reduced {
  readonly plan: Plan;
  readonly run: PairRun;
  readonly confidence: string;
  readonly attempts: number;
}

/** A fresh pair, run once. */
export async function freshRun(
  lab: Pick<Laboratory, "left" | "right" | "frame" | "signal">,
  plan: Plan,
  scope: string,
  until?: PairOptions["until"],
) {
  const frame = { ...lab.frame, scope };
  const opened = await Promise.allSettled([lab.left, lab.right].map((one) => openSide(one, frame, plan.actors)));
  const sides = opened.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  try {
    const [left, right] = sides;
    const failed = opened.find((one) => one.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    if (left === undefined || right === undefined) throw new Error("Cannot compare: a side was not opened");
    return await runPair(plan, left, right, {
      signal: lab.signal,
      skewMs: lab.left.skewMs - lab.right.skewMs,
      ...(until === undefined ? {} : { until }),
    });
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

/** Judges, shrinks and merges all causes, worst first. */
export async function investigate(plan: Plan, main: PairRun, causes: readonly Cause[], lab: Laboratory) {
  const until = lab.frame.clock.mono() + lab.budgetMs;
  const investigator = new Investigator(plan, main, lab, () => lab.frame.clock.mono() >= until || lab.signal.aborted);
  return await investigator.all(causes);
}

interface Open {
  readonly cause: Cause;
  readonly reduced: Reduced | undefined;
  readonly also: string[];
  count: number;
}

class Investigator {
  #runs = 0;

  constructor(
    private readonly plan: Plan,
    private readonly main: PairRun,
    private readonly lab: Laboratory,
    private readonly expired: () => boolean,
  ) {}

  async all(causes: readonly Cause[]): Promise<Difference[]> {
    const found: Open[] = [];
    // Earliest first: what comes later may follow from it.
    const ordered = [...causes].sort((a, b) => a.first.step - b.first.step);
    for (const [index, cause] of ordered.entries()) {
      const explained = found.find((open) => this.#explains(open, cause));
      if (explained !== undefined) {
        explained.also.push(placeOf(cause));
        explained.count += cause.count;
        continue;
      }
      this.lab.progress(`shrinking difference ${index + 1} of ${ordered.length}`);
      const reduced = this.expired() ? undefined : await this.#reduce(cause);
      const root = reduced === undefined ? undefined : found.find((open) => follows(reduced, open, cause));
      if (root === undefined) found.push({ cause, reduced, also: [], count: cause.count });
      else {
        root.also.push(placeOf(cause));
        root.count += cause.count;
      }
    }
    return await Promise.all(found.map((open, index) => this.#difference(open, index)));
  }

  /** The shortest sequence of one cause shows the other as well, which never shows without the one. */
  #explains({ cause, reduced }: Open, other: Cause): boolean {
    if (!other.steps.every((step) => cause.steps.includes(step))) return false;
    if (reduced === undefined) return other.first.step === cause.first.step;
    const kept = this.#kept(reduced.run);
    return kept.some((finding) => keyOf(finding) === keyOf(other.first));
  }

  #kept(run: PairRun) {
    return run.findings.filter((finding) => !this.lab.mask.hides(finding));
  }

  async #reduce(cause: Cause): Promise<Reduced | undefined> {
    const { plan } = this;
    const needs = needsOf(plan.steps);
    const target = cause.first.step;
    const step = plan.steps[target];
    if (step === undefined) return undefined;
    const family = addressOf(step.step).split(".")[0] ?? "";
    const differing = new Set(this.#kept(this.main).map((finding) => finding.step));
    const related = plan.steps.flatMap((other, index) =>
      index < target && (addressOf(other.step).split(".")[0] === family || differing.has(index)) ? [index] : []
    );
    let last: PairRun | undefined;
    const result = await shrink({
      size: plan.steps.length,
      needs,
      target,
      related,
      expired: this.expired,
      shows: async (indices) => {
        const run = await this.#shows(part(plan, indices), cause);
        if (run !== undefined) last = run;
        return run !== undefined;
      },
    });
    if (result.indices === undefined || last === undefined) return undefined;
    const smaller = await this.#smallerValues(part(plan, result.indices), last, cause);
    const confidence = await this.#confirm(smaller.plan, cause);
    return { ...smaller, confidence, attempts: result.attempts + smaller.attempts };
  }

  /** The run, if the sequence shows the cause. */
  async #shows(plan: Plan, cause: Cause): Promise<PairRun | undefined> {
    const run = await freshRun(this.lab, plan, `shrink-${++this.#runs}`).catch(() => undefined);
    // A node that cannot be started for an attempt proves nothing about the sequence.
    if (run === undefined) return undefined;
    const shown = this.#kept(run).some((finding) => causeKey(plan, finding) === cause.key);
    return shown ? run : undefined;
  }

  async #smallerValues(plan: Plan, run: PairRun, cause: Cause) {
    let best = { plan, run };
    let attempts = 0;
    for (let index = plan.steps.length - 1; index >= 0; index--) {
      for (let again = true; again;) {
        again = false;
        const current = best.plan.steps[index];
        if (current === undefined) break;
        for (const step of smallerSteps(current.step)) {
          if (attempts >= MAX_VALUE_ATTEMPTS || this.expired()) return { ...best, attempts };
          attempts++;
          const steps = best.plan.steps.map((one, at) => at === index ? { ...one, step } : one);
          const next = { ...best.plan, steps };
          const shown = await this.#shows(next, cause);
          // A step that the law no longer describes would blame the wrong requirement.
          if (shown === undefined || !sameStatuses(shown, best.run)) continue;
          best = { plan: next, run: shown };
          again = true;
          break;
        }
      }
    }
    return { ...best, attempts };
  }

  async #confirm(plan: Plan, cause: Cause): Promise<string> {
    let hits = 1;
    let runs = 1;
    for (; runs < CONFIRMATIONS && !this.expired(); runs++) if (await this.#shows(plan, cause) !== undefined) hits++;
    const fresh = [this.lab.left, this.lab.right].every(({ target }) =>
      target.features.has("fresh") || target.kind === "process"
    );
    return `${hits} of ${runs} on ${fresh ? "fresh nodes" : "the same nodes with new identities"}`;
  }

  async #difference({ cause, reduced, also, count }: Open, index: number): Promise<Difference> {
    const { first } = cause;
    const id = `D${index + 1}`;
    const step = this.plan.steps[first.step];
    const [left, right] = [this.main.left[first.step], this.main.right[first.step]];
    const judged = step === undefined || left === undefined || right === undefined
      ? { supports: "undecided" as const }
      : judge(first, step, left, right);
    const requirement = "requirement" in judged ? judged.requirement : undefined;
    const minimal = reduced === undefined
      ? undefined
      : await this.#minimal(id, cause, reduced, requirement, judged.supports === "right");
    return {
      id,
      class: first.class,
      path: placeOf(cause),
      requirement,
      supports: judged.supports,
      first_step: first.step,
      origin: step?.origin ?? "",
      count,
      left: first.left,
      right: first.right,
      also: [...new Set(also)],
      minimal,
    };
  }

  async #minimal(
    id: string,
    cause: Cause,
    { plan, run, confidence, attempts }: Reduced,
    requirement: string | undefined,
    rightIsSound: boolean,
  ): Promise<Minimal> {
    const file = `${id.toLowerCase()}.vector.json`;
    const last = plan.steps.length - 1;
    const [reference, other] = rightIsSound ? [run.right[last], run.left[last]] : [run.left[last], run.right[last]];
    const expect = reference === undefined || other === undefined
      ? [{ step: last, status: [200] }]
      : expectationOf(cause.first, last, reference, other);
    const about = { name: `diff-${id.toLowerCase()}`, timeOrigin: this.lab.frame.timeOrigin, requirement, expect };
    await writeAtomic(join(this.lab.directory, file), recordingText(plan, about));
    const shown = plan.steps.flatMap(({ origin }, index) => {
      const [left, right] = [run.left[index], run.right[index]];
      return left === undefined || right === undefined ? [] : [{ origin, left, right }];
    });
    return { steps: plan.steps.length, file, confidence, attempts, shown, curl: curlLines(run.right, "$TARGET") };
  }
}

/** The shortest sequence of a cause already differs earlier, at the cause found before. */
function follows(reduced: Reduced, open: Open, cause: Cause): boolean {
  const [first] = [...reduced.run.findings].sort((a, b) => a.step - b.step);
  if (first === undefined || causeKey(reduced.plan, first) === cause.key) return false;
  return causeKey(reduced.plan, first) === open.cause.key;
}

function sameStatuses(one: PairRun, other: PairRun): boolean {
  const statuses = ({ left, right }: PairRun) => [...left, ...right].map(({ status }) => status).join(" ");
  return statuses(one) === statuses(other);
}

function placeOf({ first }: Cause): string {
  return first.address === "" ? `* ${first.path}` : `${first.address} ${first.path}`;
}
