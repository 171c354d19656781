import { assert, assertEquals } from "@std/assert";
import { LiveSet, settles } from "./live_set.ts";
import type { CallDone, Observation } from "./observation.ts";

function call(capability: string, more: Partial<CallDone>): CallDone {
  return { kind: "call", capability, due: 0, started: 0, ended: 1, code: "ok", ...more };
}

const post = (caller: number, sequence: number) =>
  call("market.post", { written: { caller, sequence, eventId: `E${caller}-${sequence}`, lamport: 1, floor: 0 } });

function alert(caller: number, alertId: string): CallDone {
  const written = { caller, sequence: 0, eventId: `E${alertId}`, lamport: 1, floor: 0 };
  return call("civdef.alert.publish", { written, audited: { seq: 1, alertId } });
}

/** A post of ours in the log. */
function logged(caller: number, sequence: number): Observation {
  const own = { caller, sequence, unchanged: true };
  const event_id = `E${caller}-${sequence}`;
  const event = { event_id, lamport: 1, type: "market.post.created", digest: "d", valid: true, bytes: 1, own };
  return { kind: "log", at: 1, after: 0, events: [event], complete: true, again: false, upTo: 1 };
}

const AWAY: Observation = { kind: "interruption", at: 2, why: "the tester was away", testerAway: true };

const ids = (set: LiveSet) => ({
  posts: set.takeLeft("post").map(({ id }) => id),
  alerts: set.takeLeft("alert").map(({ id }) => id),
});

Deno.test("what was begun and not ended is left to the next epoch, once, also from the state that a journal keeps", () => {
  const set = new LiveSet(() => true);
  const seen = [
    ...[post(0, 0), post(1, 0), post(0, 1), alert(2, "A"), alert(0, "B")],
    ...[call("market.expire", { ends: "E0-0" }), call("civdef.alert.cancel", { ends: "A" })],
    ...[call("market.expire", { ends: "E1-0", code: "closed" }), call("market.list", {})],
  ];
  for (const one of seen) set.observe(one);
  assertEquals(ids(set), { posts: [], alerts: [] });
  const back = new LiveSet(() => true);
  back.restore(JSON.parse(JSON.stringify(set.state())));
  for (const one of [set, back]) {
    one.observe(AWAY);
    assertEquals(ids(one), { posts: ["E1-0", "E0-1"], alerts: ["B"] });
    assertEquals(ids(one), { posts: [], alerts: [] });
  }
  back.observe(call("market.expire", { ends: "E1-0", code: "not_found" }));
  back.observe(AWAY);
  assertEquals(ids(back).posts, ["E0-1"]);
});

Deno.test("a post whose answer never came is found in the log, before or after the tester died", () => {
  const set = new LiveSet((_, sequence) => sequence === 0);
  for (const one of [post(0, 0), logged(0, 0), logged(0, 1), AWAY]) set.observe(one);
  assertEquals(ids(set).posts, ["E0-0", "E0-1"]);
  // The same callers have other numbers now.
  for (const one of [logged(0, 2), logged(1000, 1), post(1000, 1)]) set.observe(one);
  assertEquals(ids(set).posts, ["E0-2"]);
  set.observe(AWAY);
  assertEquals(ids(set).posts, ["E0-0", "E0-1", "E0-2", "E1000-1"]);
});

Deno.test("memory is bounded where a target lets nothing be ended", () => {
  const set = new LiveSet(() => false);
  for (let n = 0; n < 5000; n++) for (const one of [post(0, n), logged(1, n)]) set.observe(one);
  set.observe(AWAY);
  assert(ids(set).posts.length <= 1000);
});

Deno.test("a refusal settles, silence and a target that cannot now do not", () => {
  assertEquals(["ok", "not_found", "expired", "http_404", "own_code"].filter((code) => !settles(code)), []);
  assertEquals(["closed", "deadline", "rate_limited", "http_503", "internal_error"].filter(settles), []);
});
