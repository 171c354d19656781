import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../src/wire/mod.ts";
import { EmbeddedTarget } from "../src/target/embedded.ts";
import { causesOf } from "./causes.ts";
import { commonCast, commonOffer } from "./contest.ts";
import { Mask, STANDING_MASK } from "./mask.ts";
import { meet, type RunFrame } from "./side.ts";
import { runUnderSkew } from "./skew.ts";
import { makePlan, TEMPLATES } from "./traffic/mod.ts";

const SKEW_MS = 90_000;
const frame: RunFrame = { seed: 7, timeOrigin: Date.UTC(2027, 2, 14), clock: systemClock(), scope: "diff" };

/** Traffic whose answers depend on the time most of all. */
const WEIGHTS = {
  ...Object.fromEntries(TEMPLATES.map(({ name }) => [name, 0])),
  "token minted": 5,
  "push/reordered": 1,
  "market.list": 1,
};

async function underSkew(faults: readonly string[], steps: number) {
  const { seed, timeOrigin } = frame;
  const left = await meet("left", new EmbeddedTarget({ seed, timeOrigin, faults: [] }), frame, SKEW_MS);
  const right = await meet("right", new EmbeddedTarget({ seed, timeOrigin, faults }), frame);
  const plan = makePlan({
    seed,
    steps,
    offer: commonOffer([left, right]).offer,
    cast: commonCast([left, right]),
    weights: WEIGHTS,
  });
  const mask = new Mask(STANDING_MASK);
  const signal = new AbortController().signal;
  const { run, notes } = await runUnderSkew({ left, right, frame, signal }, plan, "diff", mask);
  const causes = causesOf(plan, run.findings.filter((finding) => !mask.hides(finding)));
  return { causes, notes };
}

Deno.test("what a shift does to any node is no difference, and is named with its rule", async () => {
  const { causes, notes } = await underSkew([], 60);
  assertEquals(causes, []);
  assert(notes.length > 0);
  for (const note of notes) assertStringIncludes(note, "caused by the shift of left +90s on any node: ");
  assert(notes.some((note) => note.includes("TOK-038")));
});

Deno.test("a node that handles drift differently is found under a shift", async () => {
  const { causes } = await underSkew(["token-nbf-ignored"], 60);
  assert(causes.some(({ first }) => first.path === "status" && first.left === "410 token_expired"));
});

Deno.test("without a shift there is one run and no note", async () => {
  const { seed, timeOrigin } = frame;
  const target = () => new EmbeddedTarget({ seed, timeOrigin, faults: [] });
  const [left, right] = [await meet("left", target(), frame), await meet("right", target(), frame)];
  const step = { do: "http", method: "GET", path: "/manifest" } as const;
  const plan = { seed, actors: {}, steps: [{ origin: "GET /manifest", step }] };
  const signal = new AbortController().signal;
  const result = await runUnderSkew({ left, right, frame, signal }, plan, "diff", new Mask(STANDING_MASK));
  assertEquals([result.notes, result.left, result.run.left.length], [[], left, 1]);
});
