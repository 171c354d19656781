import { assertEquals } from "@std/assert";
import type { FaultName } from "../node/faults/mod.ts";
import { defineCase } from "./case.ts";
import { Lab } from "./lab.ts";
import { lifetime, SECTION, suiteOf } from "./testing.ts";

const BROKEN: readonly [FaultName] = ["manifest-ttl-300"];

/** Runs a case that logs an offer; its notes say how the event was seen. */
async function seen(variants: readonly string[]): Promise<unknown> {
  const suite = suiteOf([defineCase({
    ...lifetime,
    id: `${SECTION}/observes`,
    requirement: "IDN-001",
    brokenBy: BROKEN,
    effects: "writes",
    async run({ target, actors, note }) {
      const observer = await target.eventSubscribe(["market.post.created"]);
      const client_id = target.id();
      const post = { client_id, category: "offer", title: "Wood", body: "Dry", ttl_seconds: 3600 };
      await target.call(await actors.member("alice"), "market.post", post);
      const event = await observer.find(({ data }) => data.client_id === client_id, 20_000);
      note(`${observer.way}: ${event?.event_type}`);
    },
  })]);
  return await onLab(suite, variants, []);
}

/** Runs the only case of a suite, with further needs and the profile of the sound node. */
async function onLab(
  suite: ReturnType<typeof suiteOf>,
  variants: readonly string[],
  faults: readonly string[],
  needs: readonly string[] = [],
): Promise<unknown> {
  const sound = new Lab(suite, { host: "embedded", faults: [], variants: [] });
  const lab = new Lab(suite, { host: "embedded", faults, variants });
  try {
    const { profile } = await sound.look();
    const [planned] = suite.planned;
    if (planned === undefined) throw new Error("the suite is empty");
    const { outcome, reason, notes } = await lab.run({ ...planned, needs }, profile);
    return { outcome, reason, notes };
  } finally {
    await Promise.all([sound.close(), lab.close()]);
  }
}

Deno.test("a variant whose answers to pushes carry no events shows them to a peer of the tester", async () => {
  const pass = (way: string) => ({ outcome: "pass", reason: undefined, notes: [`${way}: market.post.created`] });
  assertEquals(await seen([]), pass("sync-answer"));
  assertEquals(await seen(["sync-in-contract-form"]), pass("peer"));
});

Deno.test("a variant is judged with gates of its own, a fault with those of the sound node", async () => {
  const suite = suiteOf([defineCase({
    ...lifetime,
    id: `${SECTION}/token`,
    requirement: "IDN-001",
    brokenBy: BROKEN,
    run: () => {},
  })]);
  const needs = ["own-token"];
  assertEquals(await onLab(suite, ["tokens-of-this-node-only"], [], needs), {
    outcome: "skipped",
    reason: "a token minted by a member is not honoured",
    notes: [],
  });
  const run = { outcome: "pass", reason: undefined, notes: [] };
  assertEquals(await onLab(suite, ["tokens-of-this-node-only"], BROKEN, needs), run);
});
