/** From causes to differences: each is judged, shrunk on fresh nodes, and merged with what it turns out to follow from. */

import { join } from "node:path";
import { writeAtomic } from "../src/report/atomic.ts";
import { type Cause, causeKey } from "./causes.ts";
import { expectationOf } from "./expectation.ts";
import { curlScript, type EmbeddedSide } from "./curl.ts";
import { recordingText } from "./export.ts";
import { type Finding, keyOf } from "./finding.ts";
import { judgeFinding } from "./judge.ts";
import { type Laboratory, requestsOf } from "./laboratory.ts";
import type { PairRun } from "./pair.ts";
import type { Plan } from "./plan.ts";
import { type Reduced, Reducer } from "./reduce.ts";
import type { Difference, Minimal } from "./result.ts";
import type { Contestant } from "./side.ts";
import { VARIANTS } from "../src/node/variants/mod.ts";

export { freshRun, type Laboratory } from "./laboratory.ts";

/** Judges, shrinks and merges all causes, worst first. */
export async function investigate(
  plan: Plan,
  main: PairRun,
  causes: readonly Cause[],
  lab: Laboratory,
  shortening: Shortening = new Reducer(plan, main, lab),
) {
  return await new Investigator(plan, main, lab, shortening).all(causes);
}

/** How a cause becomes a short sequence. */
export interface Shortening {
  /** Findings that no mask hides. */
  kept(run: PairRun): Finding[];
  /** Undefined if there is no sequence that shows it. */
  reduce(cause: Cause): Promise<Reduced | undefined>;
}

interface Open {
  readonly cause: Cause;
  readonly reduced: Reduced | undefined;
  readonly also: string[];
  count: number;
}

class Investigator {
  constructor(
    private readonly plan: Plan,
    private readonly main: PairRun,
    private readonly lab: Laboratory,
    private readonly reducer: Shortening,
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
      const reduced = await this.reducer.reduce(cause);
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
    return this.reducer.kept(reduced.run).some((finding) => keyOf(finding) === keyOf(other.first));
  }

  async #difference({ cause, reduced, also, count }: Open, index: number): Promise<Difference> {
    const { first } = cause;
    const id = `D${index + 1}`;
    const step = this.plan.steps[first.step];
    const { requirement, supports, by } = judgeFinding(first, this.plan, this.main, this.lab.laws);
    const says = requirement === undefined ? undefined : this.lab.laws?.says(requirement);
    const minimal = reduced === undefined
      ? undefined
      : await this.#minimal(id, cause, reduced, requirement, supports === "right");
    return {
      id,
      class: first.class,
      path: placeOf(cause),
      requirement,
      supports,
      named_by: by ?? "nothing",
      ...(says === undefined ? {} : { says }),
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
    { plan, run, confidence, attempts, complete }: Reduced,
    requirement: string | undefined,
    rightIsSound: boolean,
  ): Promise<Minimal> {
    const file = `${id.toLowerCase()}.vector.json`;
    // Usually the last step; a sequence may also show it earlier.
    const shown = this.reducer.kept(run).find((finding) => causeKey(plan, finding) === cause.key) ?? cause.first;
    const at = Math.min(shown.step, plan.steps.length - 1);
    const [reference, other] = rightIsSound ? [run.right[at], run.left[at]] : [run.left[at], run.right[at]];
    const expect = reference === undefined || other === undefined
      ? [{ step: at, status: [200] }]
      : expectationOf(shown, at, reference, other);
    const about = { name: `diff-${id.toLowerCase()}`, timeOrigin: this.lab.frame.timeOrigin, requirement, expect };
    await writeAtomic(join(this.lab.directory, file), recordingText(plan, about));
    const pairs = plan.steps.flatMap(({ origin }, index) => {
      const [left, right] = [run.left[index], run.right[index]];
      return left === undefined || right === undefined ? [] : [{ origin, left, right }];
    });
    return {
      steps: plan.steps.length,
      file,
      confidence,
      attempts,
      complete,
      shown: pairs,
      curl: await this.#curl(plan, run),
    };
  }

  /** The sequence as a fresh node of the right side takes it; what was sent before where that cannot be had. */
  async #curl(plan: Plan, run: PairRun): Promise<readonly string[]> {
    const { left, right, frame } = this.lab;
    const { seed, timeOrigin } = frame;
    const sides = { left: embeddedSide(left.target), right: embeddedSide(right.target) };
    const embedded = sides.left === undefined || sides.right === undefined
      ? undefined
      : { left: sides.left, right: sides.right };
    const { steps, keys } = await requestsOf(right, plan, { ...frame, scope: "curl" }).catch(() => ({
      steps: run.right.map(({ sent, body }, index) => ({
        origin: plan.steps[index]?.origin ?? "",
        requests: [sent],
        answers: [body],
      })),
      keys: new Map(),
    }));
    const { communityId, nodeId } = right.preflight.profile;
    const known = [communityId, nodeId];
    return curlScript(steps, { seed, timeOrigin: timeOrigin + right.skewMs, embedded, keys, known });
  }
}

/** How to start a built-in node like this one; undefined for other targets. */
function embeddedSide({ kind, url }: Contestant["target"]): EmbeddedSide | undefined {
  if (kind !== "embedded") return undefined;
  const names = /^embedded:(.*)$/.exec(url)?.[1]?.split(",") ?? [];
  const isVariant = (name: string) => Object.hasOwn(VARIANTS, name);
  return { faults: names.filter((name) => !isVariant(name)), variants: names.filter(isVariant) };
}

/** The shortest sequence of a cause already differs earlier, at the cause found before. */
function follows(reduced: Reduced, open: Open, cause: Cause): boolean {
  const [first] = [...reduced.run.findings].sort((a, b) => a.step - b.step);
  if (first === undefined || causeKey(reduced.plan, first) === cause.key) return false;
  return causeKey(reduced.plan, first) === open.cause.key;
}

function placeOf({ first }: Cause): string {
  return first.address === "" ? `* ${first.path}` : `${first.address} ${first.path}`;
}
