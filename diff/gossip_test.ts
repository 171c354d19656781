import { assert, assertEquals } from "@std/assert";
import { EmbeddedTarget } from "../src/target/embedded.ts";
import { systemClock } from "../src/wire/mod.ts";
import { causesOf } from "./causes.ts";
import { commonCast, commonOffer } from "./contest.ts";
import { freshRun } from "./laboratory.ts";
import { Mask, STANDING_MASK } from "./mask.ts";
import { meet, type RunFrame } from "./side.ts";
import { makePlan, TEMPLATES } from "./traffic/mod.ts";

const SKEW_MS = 90_000;
const frame: RunFrame = { seed: 3, timeOrigin: Date.UTC(2027, 2, 14), clock: systemClock(), scope: "diff" };
const WEIGHTS = { ...Object.fromEntries(TEMPLATES.map(({ name }) => [name, 0])), gossip: 1 };
/** Every treatment of the gossip once: eight rounds of eight steps. */
const STEPS = 64;

/** Two nodes per side, gossiping through proxies; both sides get the same shifted times. */
async function gossiped(faults: readonly string[]) {
  const { seed, timeOrigin } = frame;
  const target = (names: readonly string[]) =>
    new EmbeddedTarget({ seed, timeOrigin, faults: names, captureWire: true });
  const left = await meet("left", target([]), frame, SKEW_MS);
  const right = await meet("right", target(faults), frame, SKEW_MS);
  const { offer } = commonOffer([left, right]);
  const plan = makePlan({ seed, steps: STEPS, offer, cast: commonCast([left, right]), weights: WEIGHTS });
  const signal = new AbortController().signal;
  const run = await freshRun({ left, right, frame, signal }, plan, "diff");
  const mask = new Mask(STANDING_MASK);
  const causes = causesOf(plan, run.findings.filter((finding) => !mask.hides(finding)));
  return { plan, run, causes: causes.map(({ first }) => `${first.class} ${first.address} ${first.path}`) };
}

Deno.test("two pairs of nodes that gossip through delays, repetitions and cuts are equal", async () => {
  const { plan, run, causes } = await gossiped([]);
  assertEquals(causes, []);
  const kinds = new Set(plan.steps.map(({ origin }) => origin.split(" ")[0]));
  for (const kind of ["delayed", "twice", "reordered", "backwards", "shifted", "cut-off"]) {
    assert(kinds.has(`gossip/${kind}`), kind);
  }
  const views = plan.steps.flatMap(({ origin }, index) => origin === "second market.list" ? [index] : []);
  // Events pushed to one node arrived at the other: its view has posts.
  assert(views.some((index) => JSON.stringify(run.left[index]?.value).includes("event_id")));
});

Deno.test("a node that treats gossiped events differently is found", async () => {
  const { causes } = await gossiped(["late-events-refused"]);
  assert(causes.length > 0);
});
