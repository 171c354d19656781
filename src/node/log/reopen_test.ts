import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Rules } from "../rules.ts";
import { hasLog } from "./store.ts";
import { actor, openTestLog } from "./testing.ts";

const OWNER = actor("owner");
const POST = "market.post.created";

/** A post as a node logs it for a caller. */
function post(log: ReturnType<typeof openTestLog>["log"], clientId: string) {
  return log.append(POST, { client_id: clientId, title: clientId }, OWNER.id);
}

/** What a log knows of three posts after it was closed and opened again with some rules. */
async function reopened(rules: Partial<Rules> = {}, firstRules: Partial<Rules> = {}) {
  const dataDirectory = await Deno.makeTempDir({ prefix: "hearthproof-reopen-" });
  try {
    assertEquals(hasLog(dataDirectory), false);
    const first = openTestLog({ dataDirectory, overrides: { rules: firstRules } });
    const made = ["a", "b", "c"].map((id) => post(first.log, id));
    const head = first.log.head();
    first.log.close();
    assert(hasLog(dataDirectory));
    const { log } = openTestLog({ dataDirectory, overrides: { rules } });
    const held = made.map(({ event_id }) => log.get(event_id) !== undefined);
    const requests = ["a", "b", "c"].map((id) => log.byRequest(POST, OWNER.id, id)?.event_id);
    const next = post(log, "d");
    const count = log.since(-1).length;
    log.close();
    return { made, head, held, requests, next, count };
  } finally {
    await Deno.remove(dataDirectory, { recursive: true });
  }
}

Deno.test("a sound log knows events, requests and its counter when it is opened again", async () => {
  const { made, head, held, requests, next } = await reopened();
  assertEquals(held, [true, true, true]);
  assertEquals(requests, made.map(({ event_id }) => event_id));
  assertEquals(next.lamport, head + 1);
});

Deno.test("what a rule forgets or rewrites at opening is gone or another", async () => {
  const forgotten = await reopened({ reopened: (event) => event.data["client_id"] === "b" ? null : event });
  assertEquals(forgotten.held, [true, false, true]);
  const renamed = await reopened({
    reopened: (event, freshId) => event.event_type === POST ? { ...event, event_id: freshId() } : event,
  });
  assertEquals(renamed.held, [false, false, false]);
  assertNotEquals(renamed.requests[0], renamed.made[0]?.event_id);
  assertEquals(renamed.count, forgotten.count + 1);
});

Deno.test("client ids, event ids and the counter can each be lost on their own", async () => {
  const requests = await reopened({ requestsKnownOnOpen: false });
  assertEquals([requests.held, requests.requests], [[true, true, true], [undefined, undefined, undefined]]);
  const ids = await reopened({ idsKnownOnOpen: false });
  assertEquals(ids.held, [false, false, false]);
  const counter = await reopened({ lamportOnOpen: () => 0 });
  assertEquals([counter.next.lamport, counter.held], [1, [true, true, true]]);
});

Deno.test("a log that commits at its end has everything after a clean one, and a sealed log stores nothing more", async () => {
  assertEquals((await reopened({}, { commits: "at-close" })).held, [true, true, true]);
  const { log } = openTestLog();
  const before = log.count();
  log.seal?.();
  post(log as never, "late");
  assertEquals(log.count(), before);
  log.close();
});
