import { assertEquals } from "@std/assert";
import { Pins } from "./pins.ts";

Deno.test("pins are there after a restart, and a damaged file pins nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-pins-" });
  try {
    const first = new Pins(folder);
    first.set("alice", "aa");
    first.set("bob", "bb");
    first.set("alice", "cc");
    const again = new Pins(folder);
    assertEquals([again.get("alice"), again.get("bob"), again.has("carol")], ["cc", "bb", false]);
    await Deno.writeTextFile(`${folder}/peer-pins.json`, "{");
    assertEquals(new Pins(folder).has("alice"), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("without a directory pins live as long as the node", () => {
  const pins = new Pins(undefined);
  pins.set("alice", "aa");
  assertEquals([pins.get("alice"), new Pins(undefined).has("alice")], ["aa", false]);
});
