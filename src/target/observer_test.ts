import { assert, assertEquals, assertRejects } from "@std/assert";
import type { OutboundAnswer } from "../node/fault.ts";
import { type JsonObject, verifyEvent } from "../protocol/mod.ts";
import { LiveNetwork, nullSink, steadyClock, systemClock } from "../wire/mod.ts";
import { EmbeddedTarget } from "./embedded.ts";
import { CannotObserve, mayObserve, type ObservationWay } from "./observer.ts";
import { openSession } from "./open.ts";
import { preflight } from "./preflight.ts";
import type { Feature } from "./target.ts";

const SEED = 3;
const TIME_ORIGIN = Date.parse("2026-01-02T03:04:05Z");
const FIND_MS = 10_000;

/** A node that answers a push as CONTRACT §7.6 says, without what the caller lacks. */
function withoutEvents(answer: OutboundAnswer): OutboundAnswer {
  const { body } = answer;
  if (answer.route !== "/sync/v1/events" || typeof body !== "object" || body instanceof Uint8Array) return answer;
  const { events: _, ...rest } = body as JsonObject;
  return { ...answer, body: rest };
}

class Without extends EmbeddedTarget {
  override readonly features: ReadonlySet<Feature>;
  constructor(missing: readonly Feature[], silent: boolean) {
    const overrides = silent ? [{ outbound: withoutEvents }] : [];
    super({ seed: SEED, timeOrigin: TIME_ORIGIN, faults: [], overrides });
    const all: readonly Feature[] = ["fresh", "managed", "peers", "gossip"];
    this.features = new Set(all.filter((feature) => !missing.includes(feature)));
  }
}

/** Posts an offer that the node logs for a member, and says how its event was seen. */
async function observed(target: EmbeddedTarget, type: string): Promise<ObservationWay> {
  const clock = steadyClock(TIME_ORIGIN, systemClock());
  const network = new LiveNetwork({ scope: "observer", sink: nullSink, clock });
  const fixed = { seed: SEED, timeOrigin: TIME_ORIGIN };
  const { profile } = await preflight(target, network, fixed);
  const { session, actors } = await openSession(target, { network, profile, ...fixed, scope: "observer", needs: {} });
  try {
    assert(mayObserve(profile));
    const observer = await session.eventSubscribe([type]);
    const before = observer.way === "none" ? [] : await observer.events();
    assertEquals(before, []);
    const clientId = session.id();
    const post = { client_id: clientId, category: "offer", title: "Wood", body: "Dry", ttl_seconds: 3600 };
    await session.call(await actors.member("alice"), "market.post", post);
    const event = await observer.find(({ data }) => data.client_id === clientId, FIND_MS);
    assertEquals(event?.event_type, type);
    assert(event !== undefined && verifyEvent(event));
    assertEquals(await observer.find(({ data }) => data.client_id === "another", 0), undefined);
    return observer.way;
  } finally {
    await session.close();
    await network.close();
  }
}

Deno.test("events are seen in the answer to a push where the target gives them", async () => {
  assertEquals(await observed(new Without([], false), "market.post.created"), "sync-answer");
});

Deno.test("events are seen by a peer of the tester where the answer to a push has none", async () => {
  assertEquals(await observed(new Without([], true), "market.post.created"), "peer");
});

Deno.test("events are seen on topics where no peer can be introduced", async () => {
  assertEquals(await observed(new Without(["peers"], true), "market.post.created"), "topics");
});

Deno.test("a peer that must wait for the next round of the target is no way to see events", async () => {
  assertEquals(await observed(new Without(["gossip"], true), "market.post.created"), "topics");
});

Deno.test("events that no way shows are said to be invisible, not absent", async () => {
  await assertRejects(() => observed(new Without(["peers"], true), "rag.corpus.ingested"), CannotObserve);
});
