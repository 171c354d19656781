import { assertEquals } from "@std/assert";
import type { JsonObject } from "../../protocol/mod.ts";
import { shortId } from "../../protocol/mod.ts";
import { actor, admission, eventBy, openTestLog } from "../log/testing.ts";
import { registerChat } from "./chat.ts";
import { openTestCalls } from "./testing_calls.ts";

const [MEM, OTHER, THIRD, STRANGER] = [actor("mem"), actor("other"), actor("third"), actor("stranger")];
const SELF = actor("node");
const SENT = "chat.message.sent";

function opened(choice: Parameters<typeof openTestCalls>[1] = {}) {
  const test = openTestCalls([registerChat], choice);
  test.log.receive([...admission(MEM, 10), ...admission(OTHER, 12), ...admission(THIRD, 14)]);
  const history = async (input: JsonObject = {}) =>
    (await test.call(SELF, "chat.history", input))["messages"] as JsonObject[];
  const sent = () => test.log.since(0).filter((event) => event.event_type === SENT);
  const message = (client_id: string, more: JsonObject = {}) => ({
    client_id,
    recipient: OTHER.id,
    body: "hi",
    ...more,
  });
  return { ...test, history, sent, message };
}

Deno.test("a message becomes one event with the body unchanged, and is published for its recipient", async () => {
  const test = opened();
  const body = 'zwei\nZeilen, ü 🍎 <b>"fett"</b>';
  const attachments = [{ cid: `blake3:${"0".repeat(64)}`, name: "a.txt" }];
  const answer = await test.call(MEM, "chat.send", test.message("c1", { body, attachments }));
  const [event] = test.sent();
  assertEquals(answer, { event_id: event?.event_id ?? "", lamport: event?.lamport ?? 0, delivered: "queued" });
  assertEquals(event?.data, { client_id: "c1", recipient: OTHER.id, body, attachments, on_behalf_of: MEM.id });
  assertEquals(test.published.at(-1), { topic: `chat.message.${OTHER.id}`, payload: { ...event } as JsonObject });
});

Deno.test("the client_id alone makes a repeat, for parallel calls too", async () => {
  const test = opened();
  const bodies = ["hi", "hi", "hi", "changed", "hi"];
  const answers = await Promise.all(bodies.map((body) => test.call(MEM, "chat.send", test.message("c1", { body }))));
  assertEquals(new Set(answers.map((answer) => answer["event_id"])).size, 1);
  assertEquals(test.sent().map((event) => event.data["body"]), ["hi"]);
  await test.call(MEM, "chat.send", test.message("c2"));
  await test.call(THIRD, "chat.send", test.message("c1"));
  assertEquals(test.sent().length, 3);
});

Deno.test("messages that lead nowhere are refused and write nothing", async () => {
  const test = opened();
  const refused: readonly (readonly [JsonObject, string])[] = [
    [{ recipient: OTHER.id, body: "hi" }, "bad_request"],
    [{ client_id: "c", body: "hi" }, "bad_request"],
    [test.message("c", { recipient: STRANGER.id }), "not_found"],
    [test.message("c", { recipient: shortId(OTHER.id) }), "not_found"],
    [test.message("c", { recipient: "" }), "not_found"],
    [test.message("c", { recipient: SELF.id }), "bad_request"],
    [test.message("c", { body: "" }), "bad_request"],
    [test.message("c", { body: "", attachments: [] }), "bad_request"],
    [test.message("c", { body: { e2e: true, ciphertext: "x" } }), "bad_request"],
  ];
  for (const [input, error] of refused) assertEquals(await test.call(MEM, "chat.send", input), { error });
  assertEquals(test.sent(), []);
});

Deno.test("an end-to-end envelope passes unchanged", async () => {
  const test = opened();
  const body = { e2e: true, header: { epoch: 0, "x-own": [1, { deep: null }] }, ciphertext: "qqq" };
  await test.call(MEM, "chat.send", test.message("c", { body }));
  assertEquals(test.sent()[0]?.data["body"], body);
});

Deno.test("delivery is direct where somebody listens or the recipient is a peer", async () => {
  const topics = { publish() {}, subscribers: (topic: string) => topic.endsWith(OTHER.id) ? 1 : 0 };
  const listening = opened({ capabilities: { topics } as never });
  assertEquals((await listening.call(MEM, "chat.send", listening.message("c")))["delivered"], "direct");
  const peer = opened({ capabilities: { peers: { reaches: (id: string) => id === OTHER.id } } as never });
  assertEquals((await peer.call(MEM, "chat.send", peer.message("c")))["delivered"], "direct");
});

Deno.test("history is the node's own, in log order, by peer, Lamport value and limit", async () => {
  const test = opened();
  const to = SELF.id;
  const first = eventBy(MEM, 31, SENT, { client_id: "a", recipient: to, body: "1" }, {
    wall_clock: "2027-03-14T12:00:00Z",
  });
  const second = eventBy(OTHER, 32, SENT, { client_id: "b", recipient: to, body: "2" });
  const foreign = eventBy(MEM, 33, SENT, { client_id: "c", recipient: OTHER.id, body: "3" });
  test.log.receive([second, first, foreign, first]);
  const own = await test.call(SELF, "chat.send", { client_id: "d", recipient: MEM.id, body: "4" });
  const bodies = async (input: JsonObject = {}) => (await test.history(input)).map((message) => message["body"]);
  assertEquals(await bodies(), ["1", "2", "4"]);
  assertEquals(await bodies({ peer: MEM.id }), ["1", "4"]);
  assertEquals(await bodies({ since_lamport: 31 }), ["2", "4"]);
  assertEquals(await bodies({ limit: 2 }), ["1", "2"]);
  assertEquals((await test.history({ since_lamport: 32 }))[0], {
    event_id: own["event_id"] ?? "",
    lamport: own["lamport"] ?? 0,
    from: SELF.id,
    to: MEM.id,
    body: "4",
    attachments: [],
    created_at: "2027-03-14T09:26:53Z",
    delivered_at: null,
    read_at: null,
  });
  for (const input of [{}, { peer: MEM.id }]) {
    assertEquals(await test.call(MEM, "chat.history", input), { error: "unauthorized" });
  }
});

Deno.test("the node acknowledges each message to itself once, and no other", () => {
  const test = opened();
  const mine = eventBy(MEM, 30, SENT, { client_id: "a", recipient: SELF.id, body: "1" });
  const other = eventBy(MEM, 31, SENT, { client_id: "b", recipient: OTHER.id, body: "2" });
  for (let i = 0; i < 3; i++) test.log.receive([mine, other, mine]);
  const receipts = test.log.since(0).filter((event) => event.event_type === "chat.message.delivered");
  assertEquals(receipts.map(({ author, data }) => [author, data]), [[SELF.id, {
    target_event_id: mine.event_id,
    delivered_at: "2027-03-14T09:26:53Z",
  }]]);
});

Deno.test("a message stored before a crash is acknowledged at the next start", async () => {
  const dataDirectory = await Deno.makeTempDir();
  try {
    const mute = { rules: { acknowledges: () => false } };
    const before = openTestLog({ dataDirectory, overrides: mute });
    before.log.receive([
      ...admission(MEM, 10),
      eventBy(MEM, 30, SENT, { client_id: "a", recipient: SELF.id, body: "1" }),
    ]);
    before.log.close();
    for (let start = 0; start < 2; start++) {
      const { log } = openTestLog({ dataDirectory });
      const receipts = log.since(0).filter((event) => event.event_type === "chat.message.delivered");
      assertEquals(receipts.length, 1);
      log.close();
    }
  } finally {
    await Deno.remove(dataDirectory, { recursive: true });
  }
});

Deno.test("receipts count from the recipient only", async () => {
  const test = opened();
  const answer = await test.call(SELF, "chat.send", test.message("c"));
  const target_event_id = String(answer["event_id"]);
  const at = "2027-03-14T10:00:00Z";
  const receipt = (who: typeof MEM, kind: "delivered" | "read", lamport: number) =>
    eventBy(who, lamport, `chat.message.${kind}`, { target_event_id, [`${kind}_at`]: at });
  const shown = async () => (await test.history()).map((message) => [message["delivered_at"], message["read_at"]]);
  test.log.receive([receipt(MEM, "delivered", 40), receipt(MEM, "read", 41)]);
  assertEquals(await shown(), [[null, null]]);
  test.log.receive([receipt(OTHER, "delivered", 42)]);
  assertEquals(await shown(), [[at, null]]);
  test.log.receive([receipt(OTHER, "read", 43)]);
  assertEquals(await shown(), [[at, at]]);
});

Deno.test("forwarded messages are fetched by their recipient, once", async () => {
  const test = opened();
  const kept = eventBy(MEM, 30, SENT, { client_id: "a", recipient: OTHER.id, body: "1" });
  assertEquals((await test.frames(MEM, "chat.forward.put", { client_id: "p", event: kept }))[0]?.data["accepted"], 1);
  await test.call(MEM, "chat.send", test.message("c"));
  const fetch = async (who: typeof MEM) => (await test.frames(who, "chat.forward.fetch", {})).map(({ event }) => event);
  assertEquals(await fetch(THIRD), ["done"]);
  assertEquals(await fetch(OTHER), ["message", "message", "done"]);
  assertEquals(await fetch(OTHER), ["done"]);
});
