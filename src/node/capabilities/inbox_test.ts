import { assertEquals, assertRejects } from "@std/assert";
import type { JsonObject } from "../../protocol/mod.ts";
import { messages } from "./inbox.ts";

async function* silent(): AsyncGenerator<JsonObject, void, void> {
  yield { n: 1 };
  await new Promise(() => {});
}

Deno.test("messages come until the client sends no more", async () => {
  async function* inbox(): AsyncGenerator<JsonObject, void, void> {
    yield* [{ n: 1 }, { n: 2 }];
  }
  const seen = await Array.fromAsync(messages(inbox(), new AbortController().signal));
  assertEquals(seen, [{ n: 1 }, { n: 2 }]);
});

Deno.test("an abort ends the wait for a client that is silent", async () => {
  const controller = new AbortController();
  const iterator = messages(silent(), controller.signal);
  assertEquals((await iterator.next()).value, { n: 1 });
  const waiting = iterator.next();
  controller.abort(new RangeError("over"));
  await assertRejects(() => waiting, RangeError, "over");
});
