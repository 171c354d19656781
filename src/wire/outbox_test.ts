import { assertEquals } from "@std/assert";
import { Outbox } from "./outbox.ts";

function gathering() {
  const seen: string[] = [];
  const drop = (name: string) => ({ post: (bytes: Uint8Array) => void seen.push(`${name}${bytes[0]}`) });
  return { seen, one: drop("a"), other: drop("b") };
}

const byte = (value: number) => new Uint8Array([value]);

Deno.test("what is posted leaves in order once nothing else can run", async () => {
  const { seen, one, other } = gathering();
  const outbox = new Outbox();
  outbox.post(one, byte(1));
  outbox.post(other, byte(2));
  outbox.post(one, byte(3));
  assertEquals(seen, []);
  await Promise.resolve();
  assertEquals(seen, ["a1", "b2", "a3"]);
  outbox.post(one, byte(4));
  await Promise.resolve();
  assertEquals(seen.at(-1), "a4");
});

Deno.test("what was flushed is not sent again", async () => {
  const { seen, one } = gathering();
  const outbox = new Outbox();
  outbox.post(one, byte(1));
  outbox.flush();
  assertEquals(seen, ["a1"]);
  outbox.post(one, byte(2));
  await Promise.resolve();
  await Promise.resolve();
  assertEquals(seen, ["a1", "a2"]);
});

Deno.test("no more than a few writes are held back", () => {
  const { seen, one } = gathering();
  const outbox = new Outbox();
  for (let index = 0; index < 100; index++) outbox.post(one, byte(index));
  assertEquals(seen.length, 96);
  outbox.flush();
  assertEquals(seen, Array.from({ length: 100 }, (_, index) => `a${index}`));
});
