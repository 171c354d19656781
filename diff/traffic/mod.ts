/** From a seed to a plan. */

import type { ActorLevel } from "../../src/runner/vector_steps.ts";
import { AT_REST, type Cast, type Plan, type PlannedStep } from "../plan.ts";
import { standardWeights, weightOf, type Weights } from "../profile.ts";
import { busTemplates } from "./bus.ts";
import { chatTemplates } from "./chat.ts";
import { BURSTER, call, Draw, type Offer, planned, succeeds, type Template } from "./draw.ts";
import { gossipTemplates, secondViews } from "./gossip.ts";
import { llmTemplates } from "./llm.ts";
import { logTemplates } from "./log.ts";
import { marketTemplates } from "./market.ts";
import { modelsTemplates } from "./models.ts";
import { addressable } from "./probe.ts";
import { servicesTemplates } from "./services.ts";
import { tokensTemplates } from "./tokens.ts";

export type { Offer, Template } from "./draw.ts";

/** All kinds of traffic. */
export const TEMPLATES: readonly Template[] = [
  ...marketTemplates,
  ...chatTemplates,
  ...servicesTemplates,
  ...llmTemplates,
  ...busTemplates,
  ...tokensTemplates,
  ...logTemplates,
  ...gossipTemplates,
  ...modelsTemplates,
];

/** How many actors of each level a cast may have. */
export interface CastSizes {
  readonly member: number;
  readonly trusted: number;
  readonly anchor: number;
  readonly root: boolean;
  readonly self: boolean;
}

/** Members that share the calls, so that nobody exhausts a budget. */
export const MEMBERS = 10;
/** Members that make bursts. */
const BURSTERS = 5;
const TRUSTED = 3;
const STRANGERS = 4;
/** Guests that get invited and never join. */
const GUESTS = 3;
/** Tokens generated at the end, and so many that a node works on them for seconds. */
const A_FEW = 12;
const MANY = 1000;
/** Draws without a step before the generator gives up: every budget is used up then. */
const MAX_EMPTY_DRAWS = 400;

/** Actors of a plan, as many as the access allows. */
export function castOf(sizes: CastSizes): Cast {
  const cast: Record<string, ActorLevel> = {};
  const add = (prefix: string, level: ActorLevel, count: number) => {
    for (let i = 1; i <= count; i++) cast[`${prefix}${i}`] = level;
  };
  const bursters = Math.max(0, Math.min(BURSTERS, sizes.member - MEMBERS));
  add("m", "member", Math.min(MEMBERS, sizes.member));
  add("t", "trusted", Math.min(TRUSTED, sizes.trusted));
  add("a", "anchor", Math.min(1, sizes.anchor));
  add("s", "stranger", STRANGERS);
  add("g", "stranger", GUESTS);
  add(BURSTER, "member", bursters);
  if (sizes.root) cast.r1 = "revoked";
  if (sizes.self) cast.self = "self";
  return cast;
}

/** Steps that look at everything once more: views, log, counters. */
function closing(draw: Draw): PlannedStep[] {
  const get = (path: string) => planned(`GET ${path}`, { do: "http", method: "GET", path });
  const reader = Object.keys(draw.cast).find((name) => draw.cast[name] === "anchor" || draw.cast[name] === "trusted") ??
    Object.keys(draw.cast)[0];
  const steps = [get("/manifest"), get("/community/manifest"), get("/sync/v1/heads")];
  if (draw.offer.sync) steps.push(planned("log", { do: "push", events: [], our_head: 0 }));
  for (const [name, input] of [["market.list", { limit: 500 }], ["file.list", {}], ["rag.list_corpora", {}]] as const) {
    if (reader !== undefined && draw.offer.capabilities.has(name)) {
      steps.push(call(`final ${name}`, reader, name, { ...input }));
    }
  }
  const self = Object.keys(draw.cast).find((name) => draw.cast[name] === "self");
  if (self !== undefined && draw.offer.capabilities.has("chat.history")) {
    steps.push(call("final chat.history", self, "chat.history", {}));
  }
  if (draw.offer.gossip === true) steps.push(...secondViews(reader));
  steps.push(get("/metrics"));
  if (!draw.offer.pubsub) return steps;
  // A budget refills in a second: whoever made a burst is served again, and counts from there on no more.
  const wait = planned("poll/waiting", { do: "poll", topic: "no.such.topic", timeout: 1 }, { requirement: "TRN-070" });
  const probe = addressable(draw);
  const again = Object.keys(draw.cast).filter((name) => name.startsWith(BURSTER)).flatMap((name) =>
    probe === undefined ? [] : [call("after a burst", name, probe, {}, succeeds("TRN-057"))]
  );
  return [...steps, wait, ...again, ...atRest(draw, reader, wait)];
}

/** What counts and what is open once everything has ended: before and after a few words more, and after a hang-up. */
function atRest({ offer }: Draw, reader: string | undefined, wait: PlannedStep): PlannedStep[] {
  const metrics = planned(AT_REST, { do: "http", method: "GET", path: "/metrics" });
  const steps = [metrics];
  const model = (name: string) => reader === undefined ? undefined : offer.models.get(name);
  const [completing, chatting] = [model("llm.complete"), model("llm.chat")];
  if (reader !== undefined && completing !== undefined) {
    const input = { prompt: "Once upon a", max_tokens: A_FEW, seed: 3, stream: false };
    const params = { model: completing };
    steps.push(call("llm.complete/at rest", reader, "llm.complete", input, undefined, { params }), metrics);
  }
  if (reader !== undefined && chatting !== undefined) {
    const input = { messages: [{ role: "user", content: "Write an endless story." }], max_tokens: MANY, seed: 7 };
    const parts = { params: { model: chatting }, cancel_after: 2 };
    steps.push(call("llm.chat/cancelled", reader, "llm.chat", input, undefined, parts), wait, metrics);
  }
  return steps;
}

/** A plan of about so many steps; the closing steps come on top. */
export function makePlan(
  options: {
    readonly seed: number;
    readonly steps: number;
    readonly offer: Offer;
    readonly cast: Cast;
    readonly weights?: Weights;
  },
): Plan {
  const { seed, steps: wanted, offer, cast, weights = {} } = options;
  const draw = new Draw(seed, cast, offer);
  const usual = standardWeights(TEMPLATES.map(({ name }) => name));
  const bag = TEMPLATES.flatMap((template) => {
    const { name, needs, when } = template;
    if (needs !== undefined && !offer.capabilities.has(needs)) return [];
    if (when !== undefined && !when(offer)) return [];
    return Array.from({ length: Math.round(weightOf(name, weights, usual)) }, () => template);
  });
  const steps: PlannedStep[] = [];
  let turn = draw.begun(bag, "templates");
  for (let empty = 0; steps.length < wanted && bag.length > 0 && empty < MAX_EMPTY_DRAWS;) {
    if (turn.length === 0) turn = draw.shuffled(bag);
    const template = turn.pop();
    if (template === undefined) break;
    draw.enter(template.name);
    const made = template.make(draw);
    if (made === undefined) empty++;
    else {
      empty = 0;
      steps.push(...made);
    }
  }
  return { seed, actors: cast, steps: [...steps.slice(0, wanted), ...closing(draw)] };
}
