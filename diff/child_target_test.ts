import { assert, assertEquals } from "@std/assert";
import { isObject, type Json, tryParseJson } from "../src/protocol/mod.ts";
import type { NodeHandle } from "../src/target/target.ts";
import { LiveNetwork, nullSink, systemClock } from "../src/wire/mod.ts";
import { ChildTarget } from "./child_target.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;

async function get({ endpoint }: NodeHandle, path: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${endpoint.port}${path}`)).text();
}

async function digest(node: NodeHandle): Promise<Json | undefined> {
  const heads = tryParseJson(await get(node, "/sync/v1/heads"));
  return isObject(heads) ? heads.event_digest : undefined;
}

Deno.test("two nodes of one community know each other and hold the same log before the first step", async () => {
  const clock = systemClock();
  const directory = await Deno.makeTempDir({ prefix: "hearthproof-children-" });
  const target = new ChildTarget({ seed: 5, faults: [], variants: [], program: PROGRAM, directory, clock });
  const network = new LiveNetwork({ scope: "children", sink: nullSink, clock });
  try {
    const host = await target.open(network);
    const second = await host.secondNode?.();
    assert(second !== undefined);
    for (const { node } of [host, second]) {
      assert(/^hearthnet_nodes_online\{[^}]*\} 1$/m.test(await get(node, "/metrics")));
    }
    assertEquals(await digest(host.node), await digest(second.node));
    await second.close();
    await host.close();
  } finally {
    await target.stop();
    await network.close();
    await Deno.remove(directory, { recursive: true });
  }
});
