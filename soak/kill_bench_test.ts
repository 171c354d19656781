import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { runWithKills } from "./kill_bench.ts";

Deno.test("a run whose tester is killed twice and resumed counts exactly what the node's database holds", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-kills-" });
  try {
    const { wrong, logged, report } = await runWithKills(join(folder, "run"), 2, 11);
    assertEquals(wrong, []);
    assert(logged > 0 && report.gaps.length > 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
