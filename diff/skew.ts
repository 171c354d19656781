/**
 * Comparing under a shift of time. Two runs: in one the sides get the times that were asked for, in the other both get
 * the larger shift. What differs only in the first is what the shift does to any node; what differs in the second is
 * how the nodes handle drift, and is judged.
 */

import { type Cause, causesOf } from "./causes.ts";
import type { Finding } from "./finding.ts";
import { freshRun, type Laboratory } from "./laboratory.ts";
import type { Mask } from "./mask.ts";
import type { PairRun } from "./pair.ts";
import type { Plan } from "./plan.ts";
import type { Contestant } from "./side.ts";

type Pair = Pick<Laboratory, "left" | "right" | "frame" | "signal">;

/** A judged run under a shift. */
export interface SkewedRun {
  /** Both sides with the same shift: what differences are shrunk with. */
  readonly left: Contestant;
  readonly right: Contestant;
  readonly run: PairRun;
  /** What the shift alone did, with the rule it follows from. */
  readonly notes: readonly string[];
}

/** Rules that make an answer depend on the times that were sent; the first that fits counts. */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/token_expired|\(410[,)]/, "TOK-038, TOK-039: a token counts between its times by the clock of the node"],
  [/^GET \/metrics/, "counters count the calls whose results the shift changed"],
  [/^(market\.|POST \/sync\/v1\/events)/, "MKT-025: a post lives from its wall_clock for ttl_seconds"],
  [/^community\./, "IDN-068: an invitation counts until its expires_at"],
];
const NO_RULE = "no rule of the documents named";
const MS_PER_SECOND = 1000;

/** Runs the plan twice; without a shift once. */
export async function runUnderSkew(pair: Pair, plan: Plan, scope: string, mask: Mask): Promise<SkewedRun> {
  const { left, right } = pair;
  const apart = await freshRun(pair, plan, scope);
  if (left.skewMs === right.skewMs) return { left, right, run: apart, notes: [] };
  const skewMs = Math.abs(left.skewMs) > Math.abs(right.skewMs) ? left.skewMs : right.skewMs;
  const both = { left: { ...left, skewMs }, right: { ...right, skewMs } };
  const run = await freshRun({ ...pair, ...both }, plan, `${scope}-shifted`);
  const kept = (findings: readonly Finding[]) => findings.filter((finding) => !mask.hides(finding));
  const judged = new Set(causesOf(plan, kept(run.findings)).map(({ key }) => key));
  const effects = causesOf(plan, kept(apart.findings)).filter(({ key }) => !judged.has(key));
  return { ...both, run, notes: effectNotes(effects, shiftText(left, right)) };
}

/** One note for each address and rule. */
function effectNotes(effects: readonly Cause[], shift: string): string[] {
  const groups = new Map<string, { readonly first: Finding; readonly rule: string; places: number }>();
  for (const { first } of effects) {
    const rule = ruleOf(`${first.address} ${first.path} ${first.left} ${first.right}`);
    const key = `${first.address} ${rule}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first, rule, places: 1 });
    else group.places++;
  }
  return [...groups.values()].map(({ first, rule, places }) => {
    const { address, path, left, right, step } = first;
    const more = places === 1 ? "" : ` and ${places - 1} more ${places === 2 ? "place" : "places"}`;
    return `caused by the shift of ${shift} on any node: ${address === "" ? "*" : address} ${path}${more} ` +
      `(step ${step}: ${left} / ${right}); ${rule}`;
  });
}

function shiftText(left: Contestant, right: Contestant): string {
  const seconds = (ms: number) => `${ms < 0 ? "" : "+"}${ms / MS_PER_SECOND}s`;
  const parts = [["left", left.skewMs], ["right", right.skewMs]] as const;
  return parts.filter(([, ms]) => ms !== 0).map(([side, ms]) => `${side} ${seconds(ms)}`).join(", ");
}

function ruleOf(text: string): string {
  return RULES.find(([pattern]) => pattern.test(text))?.[1] ?? NO_RULE;
}
