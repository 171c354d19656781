/** What may be sent to a node that must not be written to (design.md "Safety of live nodes"). */

import { closure, needsOf, part, type Plan, type PlannedStep } from "./plan.ts";

const READS: readonly string[] = [
  "market.list",
  "market.search",
  "rag.query",
  "rag.list_corpora",
  "file.read",
  "file.list",
  "embed.text",
  "llm.chat",
  "llm.complete",
  "chat.history",
  "auth.token.introspect",
  "protocol.version.list",
  "protocol.self.describe",
  "protocol.registry.list",
];

function reads({ step }: PlannedStep): boolean {
  if (step.on !== undefined) return false;
  switch (step.do) {
    case "call":
    case "ws":
      return READS.includes(step.capability) || !step.capability.includes(".");
    case "http":
      return step.method === "GET";
    case "push":
      return step.events.length === 0;
    case "gossip":
      return false;
    case "poll":
      return step.meanwhile === undefined;
    case "raw":
      return true;
  }
}

/** The steps that write nothing and need nothing written. */
export function readOnly(plan: Plan): Plan {
  const needs = needsOf(plan.steps);
  const kept = plan.steps.flatMap((step, index) => {
    const all = closure([index], needs).map((at) => plan.steps[at]);
    return reads(step) && all.every((one) => one !== undefined && reads(one)) ? [index] : [];
  });
  return part(plan, kept);
}
