/**
 * Shortening what a replayed recording shows. The recording cannot be asked how its node would have answered fewer
 * exchanges, so another node stands in for it: one that answers the whole case as recorded, up to the names. Where none
 * does, the exchanges up to the difference are the sequence.
 */

import { type Cause, causeKey } from "../causes.ts";
import type { Finding } from "../finding.ts";
import { freshRun, type Laboratory } from "../laboratory.ts";
import type { PairRun } from "../pair.ts";
import { part, type Plan } from "../plan.ts";
import { type Reduced, Reducer } from "../reduce.ts";
import type { Contestant } from "../side.ts";
import type { ReplayedScope } from "./replay_scope.ts";

/** Cases of one cause that are tried, first come first. */
const MAX_CASES = 3;

/** A replayed case and where its steps stand among all. */
export interface PlacedCase {
  readonly start: number;
  readonly replayed: ReplayedScope;
}

/** See the module comment. */
export class RecordingShortening {
  readonly #until: number;
  readonly #agreed = new Map<number, Promise<boolean>>();

  constructor(
    private readonly plan: Plan,
    private readonly main: PairRun,
    private readonly lab: Omit<Laboratory, "left">,
    private readonly cases: readonly PlacedCase[],
    /** The node that stands in for the recorded one, and what of a case it answers otherwise; undefined for none. */
    private readonly standIn:
      | { readonly contestant: Contestant; readonly differs: (index: number) => Promise<readonly Finding[]> }
      | undefined,
  ) {
    this.#until = lab.frame.clock.mono() + lab.budgetMs;
  }

  kept(run: PairRun): Finding[] {
    return run.findings.filter((finding) => !this.lab.mask.hides(finding));
  }

  async reduce(cause: Cause): Promise<Reduced | undefined> {
    const indices = [...new Set(cause.steps.map((step) => this.#caseOf(step)))].slice(0, MAX_CASES);
    for (const index of indices) {
      const reduced = await this.#inCase(cause, index);
      if (reduced !== undefined) return reduced;
    }
    return this.#asRecorded(cause);
  }

  async #inCase(cause: Cause, index: number): Promise<Reduced | undefined> {
    const { clock } = this.lab.frame;
    const now = clock.mono();
    const placed = this.cases[index];
    if (now >= this.#until || placed === undefined || this.standIn === undefined) return undefined;
    const { contestant: left } = this.standIn;
    const steps = cause.steps.flatMap((step) => this.#caseOf(step) === index ? [step - placed.start] : []);
    const target = steps[0];
    if (target === undefined || !await this.#agrees(index, target)) return undefined;
    const plan = { ...this.plan, steps: placed.replayed.steps.slice(0, target + 1) };
    const lab: Laboratory = { ...this.lab, left, budgetMs: this.#until - now };
    const run = await freshRun(lab, plan, `recorded-${index}`).catch(() => undefined);
    const first = run === undefined
      ? undefined
      : this.kept(run).find((finding) => causeKey(plan, finding) === cause.key);
    if (run === undefined || first === undefined) return undefined;
    const shown = this.kept(run).flatMap((one) => causeKey(plan, one) === cause.key ? [one.step] : []);
    const own: Cause = { ...cause, first, steps: [...new Set(shown)] };
    const reduced = await new Reducer(plan, run, lab).reduce(own);
    if (reduced === undefined) return undefined;
    const who = `${left.target.url} standing in for the recorded node`;
    return { ...reduced, confidence: `${reduced.confidence}, ${who}` };
  }

  /** Whether the stand-in answers the case as recorded as far as it matters. */
  async #agrees(index: number, target: number): Promise<boolean> {
    const { standIn } = this;
    if (standIn === undefined) return false;
    const agreed = this.#agreed.get(index) ??
      standIn.differs(index).then((findings) => !findings.some((one) => one.step <= target));
    this.#agreed.set(index, agreed);
    return await agreed;
  }

  /** Everything up to the difference, in its first case, with the recorded answers on the left. */
  #asRecorded(cause: Cause): Reduced | undefined {
    const { main, plan } = this;
    const placed = this.cases[this.#caseOf(cause.first.step)];
    if (placed === undefined) return undefined;
    const { start } = placed;
    const indices = Array.from({ length: cause.first.step - start + 1 }, (_, index) => start + index);
    const at = (step: number) => step >= start && step <= cause.first.step;
    const run: PairRun = {
      ...main,
      left: main.left.filter((_, index) => at(index)),
      right: main.right.filter((_, index) => at(index)),
      findings: main.findings.flatMap((one) => at(one.step) ? [{ ...one, step: one.step - start }] : []),
    };
    return { plan: part(plan, indices), run, confidence: this.#whyWhole(), attempts: 0, complete: this.#inTime() };
  }

  #inTime(): boolean {
    return this.standIn === undefined || this.lab.frame.clock.mono() < this.#until;
  }

  #whyWhole(): string {
    const { standIn } = this;
    if (standIn === undefined) return "as recorded, nothing stands in for the recorded node";
    const { url } = standIn.contestant.target;
    return this.#inTime()
      ? `as recorded: ${url} cannot stand in for the recorded node, it answers the case otherwise`
      : "as recorded, the time for shrinking was used up";
  }

  #caseOf(step: number): number {
    return this.cases.findLastIndex(({ start }) => start <= step);
  }
}
