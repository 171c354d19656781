import { assert, assertEquals } from "@std/assert";
import type { JsonObject } from "../../protocol/mod.ts";
import { actor, admission, eventBy } from "../log/testing.ts";
import { registerMarket } from "./market.ts";
import { openTestCalls } from "./testing_calls.ts";

const [MEM, OTHER, TRUST] = [actor("mem"), actor("other"), actor("trust")];
const POST = { client_id: "c1", category: "offer", title: "Äpfel 🍎", body: "zwei\nKörbe" };

function opened(overrides = {}) {
  const test = openTestCalls([registerMarket], { overrides });
  test.log.receive([...admission(MEM, 10), ...admission(OTHER, 12), ...admission(TRUST, 14, "trusted")]);
  const list = async (input: JsonObject = {}) => (await test.call(MEM, "market.list", input))["posts"] as JsonObject[];
  const ids = async (input: JsonObject = {}) => (await list(input)).map((post) => post["event_id"]);
  return { ...test, list, ids };
}

Deno.test("a post is listed as it was written, for seven days", async () => {
  const test = opened();
  const place = { lat: 48.137154, lng: 11.576124, label: "Hof" };
  const written = await test.call(MEM, "market.post", { ...POST, tags: ["a", "b"], location: place });
  const { client_id: _, ...shown } = POST;
  assertEquals(await test.list(), [{
    ...written,
    ...shown,
    author: MEM.id,
    location: place,
    tags: ["a", "b"],
    created_at: "2027-03-14T09:26:53Z",
    expires_at: "2027-03-21T09:26:53Z",
  }]);
  const event = test.log.get(String(written["event_id"]));
  assertEquals(event?.data, { ...POST, tags: ["a", "b"], location: place, ttl_seconds: 604_800, on_behalf_of: MEM.id });
  assertEquals(test.published.at(-1), { topic: "marketplace.post.created", payload: { ...event } as JsonObject });
});

Deno.test("a repeat returns the first post, also in parallel and with another title", async () => {
  const test = opened();
  const before = test.log.count();
  const answers = await Promise.all(
    [POST, POST, { ...POST, title: "other" }].map((input) => test.call(MEM, "market.post", input)),
  );
  assertEquals(new Set(answers.map((answer) => answer["event_id"])).size, 1);
  assertEquals(test.log.count(), before + 1);
  assertEquals((await test.list()).map((post) => post["title"]), [POST.title]);
  const other = await test.call(OTHER, "market.post", POST);
  assert(other["event_id"] !== answers[0]?.["event_id"]);
});

Deno.test("posts that break the rules are refused", async () => {
  const test = opened();
  const bad: JsonObject[] = [
    ...["client_id", "category", "title", "body"].map((name) =>
      Object.fromEntries(Object.entries(POST).filter(([key]) => key !== name))
    ),
    { ...POST, category: "sale" },
    ...[2_592_001, 0, -5, "long", 1.5].map((ttl_seconds) => ({ ...POST, ttl_seconds })),
  ];
  for (const input of bad) assertEquals(await test.call(MEM, "market.post", input), { error: "bad_request" });
  assertEquals(await test.list(), []);
  const longest = await test.call(MEM, "market.post", { ...POST, ttl_seconds: 2_592_000 });
  assertEquals(await test.ids(), [longest["event_id"]]);
});

Deno.test("listing filters by category, tags, Lamport value and limit", async () => {
  const test = opened();
  const made: JsonObject[] = [];
  for (const [i, category] of ["offer", "request", "info", "emergency"].entries()) {
    const tags = i === 0 ? {} : { tags: i === 1 ? ["a"] : ["a", "b"] };
    made.push(await test.call(MEM, "market.post", { ...POST, client_id: `c${i}`, category, ...tags }));
  }
  const id = made.map((post) => post["event_id"]);
  assertEquals(await test.ids({ category: "info" }), [id[2]]);
  assertEquals(await test.ids({ tags: ["a"] }), id.slice(1));
  assertEquals(await test.ids({ tags: ["a", "b"] }), id.slice(2));
  assertEquals(await test.ids({ since_lamport: made[1]?.["lamport"] ?? 0 }), id.slice(2));
  assertEquals(await test.ids({ limit: 2 }), id.slice(0, 2));
  assertEquals(await test.call(MEM, "market.list", { limit: 501 }), { error: "bad_request" });
});

Deno.test("a post is gone the moment its time is over, and back if the clock goes back", async () => {
  const test = opened();
  await test.call(MEM, "market.post", { ...POST, ttl_seconds: 2 });
  test.clock.forward(1999);
  assertEquals((await test.ids()).length, 1);
  test.clock.forward(1);
  assertEquals(await test.ids(), []);
  test.clock.forward(-1);
  assertEquals((await test.ids()).length, 1);
});

Deno.test("authors end posts with any reason, trusted members with any but user_request, others not at all", async () => {
  const test = opened();
  const post = () => {
    const event = eventBy(MEM, test.log.head() + 1, "market.post.created", { ...POST });
    test.log.receive([event]);
    return event.event_id;
  };
  const cases = [
    [MEM, "fulfilled", undefined],
    [MEM, "user_request", undefined],
    [OTHER, "stale", "unauthorized"],
    [OTHER, "withdrawn", "unauthorized"],
    [TRUST, "stale", undefined],
    [TRUST, "user_request", "unauthorized"],
    [MEM, "boring", "bad_request"],
  ] as const;
  for (const [i, [who, reason, refused]] of cases.entries()) {
    const event_id = post();
    const input = { client_id: `e${i}`, event_id, reason };
    const answer = await test.call(who, "market.expire", input);
    assertEquals(answer["error"], refused);
    assertEquals((await test.ids()).includes(event_id), refused !== undefined);
    if (refused !== undefined) continue;
    assertEquals(await test.call(who, "market.expire", input), answer);
    const written = test.log.get(String(answer["event_id"]));
    assertEquals(written?.data, { client_id: `e${i}`, target_event_id: event_id, reason, on_behalf_of: who.id });
    assertEquals(test.published.at(-1)?.topic, "marketplace.post.expired");
  }
});

Deno.test("only posts can be ended", async () => {
  const test = opened();
  const expire = (client_id: string, event_id: string) =>
    test.call(MEM, "market.expire", { client_id, event_id, reason: "stale" });
  assertEquals(await expire("x", "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B"), { error: "not_found" });
  const own = await test.call(MEM, "market.post", POST);
  const ended = await expire("y", String(own["event_id"]));
  assertEquals(await expire("z", String(ended["event_id"])), { error: "not_found" });
});

Deno.test("gossiped updates and expiries count from the author only", async () => {
  const test = opened();
  const post = eventBy(OTHER, 30, "market.post.created", { ...POST });
  const update = (who: typeof MEM, lamport: number, body: string) =>
    eventBy(who, lamport, "market.post.updated", { client_id: "u", target_event_id: post.event_id, fields: { body } });
  const expiry = eventBy(MEM, 34, "market.post.expired", { target_event_id: post.event_id, reason: "stale" });
  test.log.receive([post, update(MEM, 31, "forged"), update(OTHER, 33, "late"), update(OTHER, 32, "early"), expiry]);
  assertEquals((await test.list()).map(({ title, body }) => [title, body]), [[POST.title, "late"]]);
});

Deno.test("search ranks by words, finds a title among the first, and never what is over", async () => {
  const test = opened();
  for (const [i, title] of ["red apple basket", "apple", "green pear", "apple apple"].entries()) {
    await test.call(MEM, "market.post", { ...POST, client_id: `s${i}`, title, body: "fruit" });
  }
  const search = async (query: string, k?: number) =>
    (await test.call(MEM, "market.search", { query, ...(k === undefined ? {} : { k }) }))["posts"] as JsonObject[];
  const found = await search("red apple basket");
  assertEquals(found[0]?.["title"], "red apple basket");
  const scores = found.map((post) => Number(post["score"]));
  assertEquals(scores, scores.toSorted((a, b) => b - a));
  assertEquals((await search("fruit", 2)).length, 2);
  assertEquals((await search("fruit")).length, 4);
  await test.call(MEM, "market.expire", {
    client_id: "x",
    event_id: found[0]?.["event_id"] ?? "",
    reason: "fulfilled",
  });
  assertEquals((await search("basket")).length, 0);
  assertEquals(await test.call(MEM, "market.search", { k: 5 }), { error: "bad_request" });
});

Deno.test("what happened to a post that is over is still known", async () => {
  const test = opened();
  const post = eventBy(OTHER, 30, "market.post.created", { ...POST, ttl_seconds: 60 });
  const expiry = eventBy(OTHER, 40, "market.post.expired", { target_event_id: post.event_id, reason: "stale" });
  test.log.receive([post]);
  test.clock.forward(60_000);
  assertEquals(await test.ids(), []);
  test.log.receive([expiry]);
  test.clock.forward(-60_000);
  assertEquals(await test.ids(), []);
  assertEquals(test.log.views.market.get(post.event_id)?.ended, true);
});
