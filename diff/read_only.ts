/** What may be sent to a node that must not be written to (design.md "Safety of live nodes"). */

import { headerIn, partsOf } from "../src/runner/recorded/rewrite.ts";
import { requestBytes } from "../src/runner/recorded/step.ts";
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

/** Whether bytes, as they were recorded, are a request that writes nothing. */
export function readsOnly(sent: Uint8Array): boolean {
  const parts = partsOf(sent);
  const [method] = parts?.lines[0]?.split(" ") ?? [];
  if (parts === undefined) return true;
  const capability = headerIn(parts, "x-hearthnet-capability");
  if (capability !== undefined) return READS.includes(capability);
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

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
    case "recorded":
      return step.talk === undefined && step.requests.every((one) => readsOnly(requestBytes(one)));
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
