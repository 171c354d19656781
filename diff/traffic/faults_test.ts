import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/wire/mod.ts";
import { measureFault } from "../accuracy.ts";
import { TEMPLATES } from "./mod.ts";

/** Tries: on a machine that is too busy to be on time nothing is said of times. */
const SEEDS = [1, 2, 3, 4, 5, 6];

/** Where a fault shows when one kind of traffic is sent. */
async function shown(fault: string, kind: string, steps: number): Promise<string | undefined> {
  const weights = Object.fromEntries(TEMPLATES.map(({ name }) => [name, name === kind ? 1 : 0]));
  const measure = { clock: systemClock(), steps, signal: new AbortController().signal, weights };
  const { found } = await measureFault(fault, SEEDS, measure);
  return found?.at.replace(/ at step .*$/, "");
}

Deno.test("calls of two names show a budget that belongs to the caller alone", async () => {
  assertEquals(await shown("budget-per-peer-only", "burst/two names", 2), "semantic experimental.second outcomes");
});

Deno.test("refused calls show a budget that is charged before the signature is looked at", async () => {
  assertEquals((await shown("rate-before-signature", "burst/refused", 1))?.endsWith(" outcomes"), true);
});

Deno.test("an event signed by another member shows a node that takes any member's signature", async () => {
  const at = await shown("event-signature-of-any-member", "push/odd", 20);
  assertEquals(at, "semantic POST /sync/v1/events accepted");
});

Deno.test("two who wait for one message show a node that wakes one of them", async () => {
  assertEquals(await shown("message-to-one-subscriber", "poll/woken", 3), "semantic GET /pubsub/v1/subscribe topic");
});

Deno.test("messages fetched twice show a node that keeps what was fetched", async () => {
  assertEquals(
    await shown("forward-keeps-fetched", "chat.forward.fetch/twice", 3),
    "semantic chat.forward.fetch frames",
  );
});

Deno.test("a subprotocol nobody speaks shows a node that hangs up", async () => {
  const at = await shown("websocket-absence-drops-connection", "llm.chat/websocket", 8);
  assertEquals(at, "semantic  connection");
});

Deno.test("counters at rest show tokens that are counted as characters", async () => {
  const at = await shown("characters-counted-as-tokens", "documents", 1);
  assertEquals(
    at,
    'semantic GET /metrics metrics.hearthnet_llm_tokens_generated_total{model="ember-small",backend="ember"}',
  );
});

Deno.test("a hang-up shows a node that goes on working for nobody, and one that sends nothing before the end", async () => {
  assertEquals(
    await shown("work-outlives-its-client", "documents", 1),
    'semantic GET /metrics metrics.hearthnet_active_streams{capability="llm.chat"}',
  );
  // Late, or not in time for anybody: that is up to the machine.
  assert(
    ["timing  timing", "semantic llm.chat frames"].includes(await shown("streams-buffered", "documents", 1) ?? ""),
  );
});
