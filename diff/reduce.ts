/** One cause -> the shortest sequence with the smallest values that still shows it, on a fresh pair for every attempt. */

import { type Cause, causeKey } from "./causes.ts";
import type { Finding } from "./finding.ts";
import { freshRun, type Laboratory } from "./laboratory.ts";
import type { PairRun } from "./pair.ts";
import { addressOf, needsOf, part, type Plan } from "./plan.ts";
import { shrink } from "./shrink.ts";
import type { SavedReduction } from "./shrink_state.ts";
import { smallerSteps } from "./smaller.ts";

/** Runs of the final sequence that state the confidence, and more of them where one did not show it. */
const CONFIRMATIONS = 3;
const UNSTEADY_CONFIRMATIONS = 6;
/** Tries of an attempt at a cause that does not show every time; one that shows is enough. */
const UNSTEADY_TRIES = 3;
/** Attempts at smaller values per sequence: each costs a pair of nodes. */
const MAX_VALUE_ATTEMPTS = 24;
/** Steps of a cause that are tried alone. */
const MAX_SINGLES = 5;
/** Share of the remaining budget one cause may use, so that the first does not starve the others. */
const SHARE = 0.5;

/** What a cause came to. */
export interface Reduced {
  readonly plan: Plan;
  readonly run: PairRun;
  /** `3 of 3 on fresh nodes`. */
  readonly confidence: string;
  readonly attempts: number;
  /** Nothing shorter or smaller was left to try. */
  readonly complete: boolean;
}

interface Task {
  readonly cause: Cause;
  readonly expired: () => boolean;
  /** Runs per attempt: more where the cause does not show every time. */
  tries: number;
  attempts: number;
}

/** See the module comment. */
export class Reducer {
  #runs = 0;
  readonly #until: number;

  constructor(
    private readonly plan: Plan,
    private readonly main: PairRun,
    private readonly lab: Laboratory,
  ) {
    this.#until = lab.frame.clock.mono() + lab.budgetMs;
  }

  /** Findings that no mask hides. */
  kept(run: PairRun): Finding[] {
    return run.findings.filter((finding) => !this.lab.mask.hides(finding));
  }

  /** Undefined if the budget is used up, or the cause did not show again. */
  async reduce(cause: Cause): Promise<Reduced | undefined> {
    const { clock } = this.lab.frame;
    const now = clock.mono();
    const until = now + (this.#until - now) * SHARE;
    const expired = () => clock.mono() >= until || this.lab.signal.aborted;
    if (expired()) return undefined;
    const saved = this.lab.ledger?.get(cause.key);
    const task: Task = { cause, expired, tries: 1, attempts: saved?.attempts ?? 0 };
    return await this.#goOn(task, saved) ?? await this.#remove(task, undefined, undefined);
  }

  /** From where an earlier run ended; undefined if that does not show any more. */
  async #goOn(task: Task, saved: SavedReduction | undefined): Promise<Reduced | undefined> {
    const { size, indices } = { size: this.plan.steps.length, indices: saved?.indices ?? [] };
    if (saved === undefined || indices.length === 0 || indices.some((index) => index < 0 || index >= size)) return;
    const plan = saved.steps === undefined ? part(this.plan, indices) : { ...this.plan, steps: saved.steps };
    task.tries = UNSTEADY_TRIES;
    const run = await this.#shows(plan, task);
    task.tries = 1;
    if (run === undefined) return undefined;
    if (saved.confidence !== undefined) {
      return { plan, run, confidence: saved.confidence, attempts: task.attempts, complete: true };
    }
    return saved.removed ? await this.#finish(task, indices, plan, run) : await this.#remove(task, indices, run);
  }

  /** Leaves out steps, then goes on to values. */
  async #remove(
    task: Task,
    from: readonly number[] | undefined,
    shown: PairRun | undefined,
  ): Promise<Reduced | undefined> {
    const { plan, lab } = this;
    const { cause } = task;
    let last = shown;
    const result = await shrink({
      size: plan.steps.length,
      needs: needsOf(plan.steps),
      target: cause.first.step,
      others: cause.steps.filter((step) => step !== cause.first.step).slice(0, MAX_SINGLES - 1),
      related: this.#related(cause),
      ...(from === undefined ? {} : { from }),
      expired: task.expired,
      shows: async (indices) => {
        const run = await this.#shows(part(plan, indices), task);
        last = run ?? last;
        return run !== undefined;
      },
      reached: (indices) => lab.ledger?.put(cause.key, { indices, removed: false, attempts: task.attempts }),
      unsteady: () => {
        task.tries = UNSTEADY_TRIES;
      },
    });
    if (result.indices === undefined || last === undefined) return undefined;
    const reduced = part(plan, result.indices);
    if (!result.minimal) {
      return { plan: reduced, run: last, confidence: this.#confidence(1, 1), attempts: task.attempts, complete: false };
    }
    await lab.ledger?.put(cause.key, { indices: result.indices, removed: true, attempts: task.attempts });
    return await this.#finish(task, result.indices, reduced, last);
  }

  /** Smaller values, then the runs that state the confidence. */
  async #finish(task: Task, indices: readonly number[], plan: Plan, run: PairRun): Promise<Reduced> {
    const { ledger } = this.lab;
    const save = async (steps: Plan["steps"], confidence?: string) =>
      await ledger?.put(task.cause.key, {
        indices,
        removed: true,
        steps,
        attempts: task.attempts,
        ...(confidence === undefined ? {} : { confidence }),
      });
    const smaller = await this.#smallerValues(task, plan, run, save);
    const confirmed = await this.#confirm(task, smaller.plan);
    const complete = !task.expired();
    if (complete) await save(smaller.plan.steps, confirmed);
    return { ...smaller, confidence: confirmed, attempts: task.attempts, complete };
  }

  /** Earlier steps of the same family, and those that differed too. */
  #related(cause: Cause): number[] {
    const { steps } = this.plan;
    const target = steps[cause.first.step];
    if (target === undefined) return [];
    const family = addressOf(target.step).split(".")[0];
    const differing = new Set(this.kept(this.main).map((finding) => finding.step));
    return steps.flatMap((other, index) =>
      index < cause.first.step && (addressOf(other.step).split(".")[0] === family || differing.has(index))
        ? [index]
        : []
    );
  }

  /** The run, if the sequence shows the cause in one of the tries. */
  async #shows(plan: Plan, task: Task): Promise<PairRun | undefined> {
    task.attempts++;
    for (let i = 0; i < task.tries && (i === 0 || !task.expired()); i++) {
      // A node that cannot be started for an attempt proves nothing about the sequence.
      const run = await freshRun(this.lab, plan, `shrink-${++this.#runs}`).catch(() => undefined);
      if (run === undefined) continue;
      if (this.kept(run).some((finding) => causeKey(plan, finding) === task.cause.key)) return run;
    }
    return undefined;
  }

  async #smallerValues(
    task: Task,
    plan: Plan,
    run: PairRun,
    save: (steps: Plan["steps"]) => Promise<void>,
  ): Promise<{ readonly plan: Plan; readonly run: PairRun }> {
    let best = { plan, run };
    let attempts = 0;
    for (let index = plan.steps.length - 1; index >= 0; index--) {
      for (let again = true; again;) {
        again = false;
        const current = best.plan.steps[index];
        if (current === undefined) break;
        for (const step of smallerSteps(current.step)) {
          if (attempts >= MAX_VALUE_ATTEMPTS || task.expired()) return best;
          attempts++;
          const steps = best.plan.steps.map((one, at) => at === index ? { ...one, step } : one);
          const next = { ...best.plan, steps };
          const shown = await this.#shows(next, task);
          // A step that the law no longer describes would blame the wrong requirement.
          if (shown === undefined || !sameStatuses(shown, best.run)) continue;
          best = { plan: next, run: shown };
          await save(steps);
          again = true;
          break;
        }
      }
    }
    return best;
  }

  async #confirm(task: Task, plan: Plan): Promise<string> {
    let hits = 1;
    let runs = 1;
    task.tries = 1;
    const wanted = () => hits === runs ? CONFIRMATIONS : UNSTEADY_CONFIRMATIONS;
    for (; runs < wanted() && !task.expired(); runs++) if (await this.#shows(plan, task) !== undefined) hits++;
    return this.#confidence(hits, runs);
  }

  #confidence(hits: number, runs: number): string {
    const fresh = [this.lab.left, this.lab.right].every(({ target }) =>
      target.features.has("fresh") || target.kind === "process"
    );
    return `${hits} of ${runs} on ${fresh ? "fresh nodes" : "the same nodes with new identities"}`;
  }
}

function sameStatuses(one: PairRun, other: PairRun): boolean {
  const statuses = ({ left, right }: PairRun) => [...left, ...right].map(({ status }) => status).join(" ");
  return statuses(one) === statuses(other);
}
