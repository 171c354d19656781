import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { selfCommand } from "../../src/cli/self_command.ts";
import { identityFromSeed, isObject, tryParseJson } from "../../src/protocol/mod.ts";
import { NO_ADAPTER } from "../../src/target/adapter.ts";
import { CONTRACT_DIALECT } from "../../src/target/dialect.ts";
import { EndpointTarget } from "../../src/target/endpoint.ts";
import { openSession } from "../../src/target/open.ts";
import { preflight } from "../../src/target/preflight.ts";
import { LiveNetwork, nullSink, systemClock } from "../../src/wire/mod.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;
const SEED = 77;

async function program(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const self = selfCommand(MAIN, args);
  const { code, stdout, stderr } = await new Deno.Command(self.program, { args: [...self.args] }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Makes a trusted member of a running node; returns its seed. */
async function adminOf(url: string, rootKey: string): Promise<Uint8Array> {
  const clock = systemClock();
  const root = identityFromSeed(await Deno.readFile(rootKey));
  const access = { root, allowWrites: true, disposable: true };
  const target = new EndpointTarget({ url, dialect: CONTRACT_DIALECT, adapter: NO_ADAPTER, access });
  const network = new LiveNetwork({ scope: "admin", sink: nullSink, clock });
  try {
    const frame = { seed: SEED, timeOrigin: clock.wall() };
    const { profile } = await preflight(target, network, frame);
    const { actors } = await openSession(target, { ...frame, network, profile, scope: "admin", needs: {} });
    return (await actors.trusted("admin")).identity.seed;
  } finally {
    await network.close();
  }
}

Deno.test("a recording made with an admin key holds against a node that never saw that admin", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-admin-" });
  const { program: path, args } = selfCommand(MAIN, ["node", "--port", "0", "--data", join(folder, "node")]);
  const node = new Deno.Command(path, { args: [...args], stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const output = node.stdout.getReader();
  try {
    let text = "";
    while (!text.includes("\n")) text += new TextDecoder().decode((await output.read()).value);
    const ready = tryParseJson(text.trim());
    assert(isObject(ready));
    const key = join(folder, "admin.key");
    await Deno.writeFile(key, await adminOf(String(ready.url), String(ready.root_key)));
    const recorded = join(folder, "run");
    const cases = ["--suite-filter", "core/identity/member-passes,services/market/list-by-category"];
    const access = ["--target", String(ready.url), "--admin-key", key, "--allow-writes"];
    const run = await program("run", ...access, ...cases, "--output-dir", recorded);
    assertEquals(run.code, 0, run.text);
    const sound = await program("diff", "--replay", recorded, "--output-dir", join(folder, "sound"));
    assertEquals(sound.code, 0, sound.text);
    assertStringIncludes(sound.text, "2 of 2 recorded cases were replayed to their end");
    const right = ["--right", "embedded:list-ignores-category"];
    const faulty = await program("diff", "--replay", recorded, ...right, "--output-dir", join(folder, "faulty"));
    assertEquals(faulty.code, 1, faulty.text);
    assertStringIncludes(faulty.text, "market.list");
  } finally {
    await node.stdin.close();
    await output.cancel();
    await node.status;
    await Deno.remove(folder, { recursive: true });
  }
});
