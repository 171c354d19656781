import { assert, assertEquals } from "@std/assert";
import { LiveSet, settles } from "./live_set.ts";
import type { CallDone } from "./observation.ts";

function call(capability: string, more: Partial<CallDone>): CallDone {
  return { kind: "call", capability, due: 0, started: 0, ended: 1, code: "ok", ...more };
}

const post = (caller: number, sequence: number) =>
  call("market.post", { written: { caller, sequence, eventId: `E${caller}-${sequence}`, lamport: 1, floor: 0 } });

function alert(caller: number, alertId: string): CallDone {
  const written = { caller, sequence: 0, eventId: `E${alertId}`, lamport: 1, floor: 0 };
  return call("civdef.alert.publish", { written, audited: { seq: 1, alertId } });
}

Deno.test("what was begun and not ended is left alive, also in the state that a journal keeps", () => {
  const set = new LiveSet();
  const seen = [
    ...[post(0, 0), post(1, 0), post(0, 1), alert(2, "A"), alert(0, "B")],
    ...[call("market.expire", { ends: "E0-0" }), call("civdef.alert.cancel", { ends: "A" })],
    ...[call("market.expire", { ends: "E1-0", code: "closed" }), call("market.list", {})],
  ];
  for (const one of seen) set.observe(one);
  const left = {
    posts: [{ id: "E1-0", caller: 1 }, { id: "E0-1", caller: 0 }],
    alerts: [{ id: "B", caller: 0 }],
  };
  assertEquals(set.left, left);
  const back = new LiveSet();
  back.restore(JSON.parse(JSON.stringify(set.state())));
  assertEquals(back.left, left);
  back.observe(call("market.expire", { ends: "E1-0", code: "not_found" }));
  assertEquals(back.left.posts.map(({ id }) => id), ["E0-1"]);
});

Deno.test("memory is bounded where a target lets nothing be ended", () => {
  const set = new LiveSet();
  for (let n = 0; n < 5000; n++) set.observe(post(0, n));
  assert(set.left.posts.length <= 1000);
  assertEquals(set.left.posts.at(-1)?.id, "E0-4999");
});

Deno.test("a refusal settles, silence and a target that cannot now do not", () => {
  assertEquals(["ok", "not_found", "expired", "http_404", "own_code"].filter((code) => !settles(code)), []);
  assertEquals(["closed", "deadline", "rate_limited", "http_503", "internal_error"].filter(settles), []);
});
