import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import {
  type CallEnvelope,
  canonicalBytes,
  type Identity,
  identityFromSeed,
  isObject,
  type JsonObject,
  parseJson,
  Random,
  signCall,
  timestamp,
  tryParseJson,
  UlidSource,
} from "../src/protocol/mod.ts";
import { systemClock } from "../src/wire/mod.ts";
import { DIFF, diffCommand } from "./mod.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
const clock = systemClock();
/** Least status a response can be made with. */
const LEAST_STATUS = 200;

interface Deployed {
  readonly url: string;
  readonly rootKey: string;
  stop(): Promise<void>;
}

/** A node behind a gate that takes calls by their body only, as some deployed implementations do. */
async function deploy(data: string, ...faults: string[]): Promise<Deployed> {
  const { program, args } = selfCommand(MAIN, ["node", "--port", "0", "--data", data, ...faults]);
  const child = new Deno.Command(program, { args: [...args], stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const output = child.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) text += new TextDecoder().decode((await output.read()).value);
  const ready = tryParseJson(text.trim());
  assert(isObject(ready));
  const rootKey = String(ready.root_key);
  const root = identityFromSeed(await Deno.readFile(rootKey));
  const ids = new UlidSource(() => clock.wall(), new Random(1, data));
  const gate = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const call = pathname === "/bus/v1/call" ? tryParseJson(body) : undefined;
    const own = isObject(call) ? signedCall(call, root, ids.next()) : undefined;
    const headers = new Headers(own?.headers ?? [...request.headers]);
    const sent = own?.body ?? body;
    const answer = await fetch(`${ready.url}${pathname}${search}`, {
      method: request.method,
      headers,
      ...(sent.length === 0 ? {} : { body: sent }),
    });
    // Upgrades are not for this gate.
    if (answer.status < LEAST_STATUS) return new Response(null, { status: 400 });
    return new Response(await answer.arrayBuffer(), { status: answer.status, headers: answer.headers });
  });
  return {
    url: `http://127.0.0.1:${gate.addr.port}`,
    rootKey,
    async stop() {
      await gate.shutdown();
      await child.stdin.close();
      await output.cancel();
      await child.status;
    },
  };
}

function signedCall(call: { readonly [member: string]: unknown }, root: Identity, id: string) {
  const { capability, version, params, input } = call as {
    readonly capability: string;
    readonly version: string;
    readonly params: CallEnvelope["body"];
    readonly input: CallEnvelope["body"];
  };
  const envelope: CallEnvelope = {
    capability,
    version,
    request_id: id,
    from: root.id,
    community: root.id,
    timestamp: timestamp(clock.wall()),
    body: { params, input },
  };
  return {
    body: canonicalBytes(envelope.body),
    headers: [
      ["Content-Type", "application/json"],
      ["X-HearthNet-Capability", capability],
      ["X-HearthNet-Capability-Version", version],
      ["X-HearthNet-Request-Id", id],
      ["X-HearthNet-From", root.id],
      ["X-HearthNet-Community", root.id],
      ["X-HearthNet-Timestamp", envelope.timestamp],
      ["X-HearthNet-Signature", signCall(root, envelope)],
    ] as [string, string][],
  };
}

Deno.test("nodes that take calls by their body are compared in that dialect, and a fault of one is found", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-dialect-" });
  const nodes: Deployed[] = [];
  try {
    nodes.push(await deploy(join(folder, "left")));
    nodes.push(await deploy(join(folder, "right"), "--fault", "expire-of-nothing"));
    const [left, right] = nodes;
    assert(left !== undefined && right !== undefined);
    const sides = [["left", left], ["right", right]].flatMap(([side, node]) => {
      const { url, rootKey } = node as Deployed;
      return [`--${side}`, url, `--${side}-root-key`, rootKey, `--${side}-dialect`, "body-routed"];
    });
    const vector = join(folder, "calls.json");
    const nothing = { client_id: "01M7Y3RGJH97HE9BC7WCDDE6XB", event_id: "01M7Y3RGJH97HE9BC7WCDDE6XC" };
    const inputs: Record<string, JsonObject> = {
      "market.search": { query: "ladder" },
      "market.expire": { ...nothing, reason: "fulfilled" },
    };
    const calls = ["market.list", "market.search", "file.list", "market.expire", "rag.list_corpora"];
    await Deno.writeTextFile(
      vector,
      JSON.stringify({
        schema: "hearthproof.vector/1",
        name: "reads-by-body",
        requirement: "MKT-017",
        seed: 5,
        actors: { alice: "member" },
        steps: calls.map((capability) => ({
          do: "call",
          as: "alice",
          capability,
          input: inputs[capability] ?? {},
        })),
        expect: [{ step: 0, status: [200] }],
      }),
    );
    const out = join(folder, "out");
    const { options } = parseCommandLine([
      ...["diff", ...sides, "--replay", vector, "--allow-writes", "--calibrate", "1", "--output-dir", out],
    ], [DIFF]);
    const signal = new AbortController().signal;
    const printer = bufferPrinter();
    const code = await diffCommand(options, { printer, clock, signal, program: MAIN });
    const report = parseJson(await Deno.readFile(join(out, "diff-report.json")));
    assert(isObject(report) && Array.isArray(report.differences));
    const found = report.differences.map((one) => isObject(one) ? one.path : one);
    assertEquals([code, found], [1, ["market.expire status"]], printer.outLines.join("\n"));
    const [only] = report.differences;
    assert(isObject(only) && isObject(only.minimal));
    assertEquals(only.minimal.steps, 1);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await Deno.remove(folder, { recursive: true });
  }
});
