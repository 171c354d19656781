/** What is sent to every target: a seeded sequence of steps with what the documents say about the answer. */

import { namesMade, namesSent, recordedAddress } from "./recorded_names.ts";
import type { ActorLevel, VectorStep } from "../src/runner/vector_steps.ts";

/** What the documents say about the answer to a step; decides which side the contract supports. */
export interface StepLaw {
  /** Id of the catalogue. */
  readonly requirement: string;
  readonly status?: readonly number[];
  readonly error?: readonly string[];
}

/** Origin of a reading of the counters after everything has ended: what depends on the moment counts there too. */
export const AT_REST = "GET /metrics/at rest";

/** A step, the template it came from, and its law. */
export interface PlannedStep {
  readonly step: VectorStep;
  /** Name of the template, `market.post/valid`. */
  readonly origin: string;
  readonly law?: StepLaw;
}

/** Actors by name and level, as a vector has them. */
export type Cast = Readonly<Record<string, ActorLevel>>;

/** A complete sequence. */
export interface Plan {
  readonly seed: number;
  readonly actors: Cast;
  readonly steps: readonly PlannedStep[];
}

const REFERENCE = /\$\{([\w.]+)\}/g;

/** Names a step defines: learned values and named events. */
export function defines({ step }: PlannedStep): string[] {
  if (step.do === "recorded") return namesMade(step);
  const names = Object.keys(step.learn ?? {});
  if (step.do === "call" && step.mint?.name !== undefined) names.push(step.mint.name);
  if (step.do !== "push") return names;
  return [...names, ...step.events.flatMap((event) => "name" in event && event.name !== undefined ? [event.name] : [])];
}

/** Names a step cannot do without. */
export function uses({ step }: PlannedStep): string[] {
  if (step.do === "recorded") return namesSent(step);
  const names = [...JSON.stringify(step).matchAll(REFERENCE)].map(([, name = ""]) => name.replace(/\.lamport$/, ""));
  if (step.do === "push") { for (const event of step.events) if ("repeat" in event) names.push(event.repeat); }
  return [
    ...new Set(names.filter((name) => !/^(id|short|bare)\./.test(name) && !/^(node_id|community_id)$/.test(name))),
  ];
}

/** For every step the indices of the earlier steps it needs directly. */
export function needsOf(steps: readonly PlannedStep[]): readonly (readonly number[])[] {
  const definedAt = new Map<string, number>();
  return steps.map((step, index) => {
    const needed = uses(step).flatMap((name) => definedAt.get(name) ?? []);
    // What a recording shows again was made where it stood first.
    const again = (name: string) => step.step.do === "recorded" && definedAt.has(name);
    for (const name of defines(step)) if (!again(name)) definedAt.set(name, index);
    return [...new Set(needed)];
  });
}

/** The indices and everything they need, ascending. */
export function closure(indices: Iterable<number>, needs: readonly (readonly number[])[]): number[] {
  const kept = new Set<number>();
  const open = [...indices];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (kept.has(index)) continue;
    kept.add(index);
    open.push(...needs[index] ?? []);
  }
  return [...kept].sort((a, b) => a - b);
}

/** The same plan with these steps only; actors nobody names go. */
export function part(plan: Plan, indices: readonly number[]): Plan {
  const steps = indices.flatMap((index) => plan.steps[index] ?? []);
  return { ...plan, steps };
}

/** What a step is addressed to: the capability, or the path of an endpoint. */
export function addressOf(step: VectorStep): string {
  switch (step.do) {
    case "call":
    case "ws":
      return step.capability;
    case "http":
      return `${step.method} ${step.path.split("?")[0]}`;
    case "push":
      return "POST /sync/v1/events";
    case "poll":
      return "GET /pubsub/v1/subscribe";
    case "raw":
      return "raw bytes";
    case "gossip":
      return "gossip";
    case "recorded":
      return recordedAddress(step);
  }
}
