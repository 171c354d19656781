import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import {
  CALL_HEADERS,
  type Identity,
  type Json,
  type JsonObject,
  signCall,
  timestamp,
  ulid,
} from "../../protocol/mod.ts";
import { systemClock } from "../../wire/clock.ts";
import { anyCapability } from "../bus/testing.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { until } from "./testing.ts";

const clock = systemClock();

async function call(node: ReferenceNode, who: Identity, capability: string, body: JsonObject, token?: string) {
  const envelope = {
    capability,
    version: "1.0",
    request_id: ulid(clock.wall(), node.core.random),
    from: who.id,
    community: node.communityId,
    timestamp: timestamp(clock.wall()),
    body,
  };
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    [CALL_HEADERS.capability]: capability,
    [CALL_HEADERS.version]: envelope.version,
    [CALL_HEADERS.request_id]: envelope.request_id,
    [CALL_HEADERS.from]: who.id,
    [CALL_HEADERS.community]: envelope.community,
    [CALL_HEADERS.timestamp]: envelope.timestamp,
    ...(token === undefined ? { [CALL_HEADERS.signature]: signCall(who, envelope) } : { [CALL_HEADERS.token]: token }),
  };
  const answer = await fetch(`${node.url}/bus/v1/call`, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  const json = answer.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: answer.status, text, json: json ? JSON.parse(text) as { [member: string]: Json } : {} };
}

async function withNodes(names: readonly string[], run: (...nodes: ReferenceNode[]) => Promise<void>): Promise<void> {
  const nodes: ReferenceNode[] = [];
  try {
    for (const name of names) {
      const options = defaultNodeOptions({ clock, seed: 5, name });
      nodes.push(await ReferenceNode.start({ ...options, rules: { ...options.rules, experimentalEnabled: true } }));
    }
    await run(...nodes);
  } finally {
    for (const node of nodes) await node.stop();
  }
}

Deno.test("a composed node answers what it advertises about itself", async () => {
  await withNodes(["a"], async (...[a]) => {
    assert(a !== undefined);
    const { root } = a.core.options;
    const { status, json } = await call(a, root, "protocol.self.describe", { params: {}, input: {} });
    assertEquals(status, 200);
    const { capabilities } = json["output"] as { capabilities: { name: string; version: string }[] };
    const advertised = (await (await fetch(`${a.url}/manifest`)).json()).capabilities as typeof capabilities;
    const pair = ({ name, version }: { name: string; version: string }) => `${name}@${version}`;
    assertEquals(capabilities.map(pair), advertised.map(pair));
  });
});

Deno.test("a token is issued, used without a signature, revoked and refused over the wire", async () => {
  await withNodes(["a"], async (...[a]) => {
    assert(a !== undefined);
    const { root, identity } = a.core.options;
    const list = { params: {}, input: {} };
    const input = {
      client_id: "c1",
      subject: identity.id,
      scope: { capabilities: ["market.list@1.0"] },
      ttl_seconds: 60,
    };
    const issued = await call(a, root, "auth.token.issue", { params: {}, input });
    const { token, token_id } = issued.json["output"] as { token: string; token_id: string };
    assertEquals((await call(a, identity, "market.list", list, token)).status, 200);
    assertObjectMatch(await call(a, identity, "market.search", list, token), {
      status: 403,
      json: { error: "token_scope_insufficient" },
    });
    await call(a, root, "auth.token.revoke", { params: {}, input: { client_id: "c2", token_id } });
    assertObjectMatch(await call(a, identity, "market.list", list, token), {
      status: 401,
      json: { error: "token_revoked" },
    });
  });
});

Deno.test("two nodes of one community forward calls and streams to each other and share the log", async () => {
  await withNodes(["a", "b"], async (...[a, b]) => {
    assert(a !== undefined && b !== undefined);
    const { root } = a.core.options;
    b.core.bus.register(
      anyCapability({ name: "experimental.echo" }),
      ({ input, caller }) => ({ output: { input, caller } }),
    );
    b.core.bus.register(anyCapability({ name: "experimental.count", streaming: "always" }), async function* () {
      yield { event: "token", data: { text: "1" } };
      yield { event: "done", data: { ms: 0 } };
    });
    b.core.manifest.renew();
    assertEquals(await a.addPeer(b.url), true);
    await until(() => b.core.community.isMember(a.nodeId), "b knows a");
    const echo = await call(a, root, "experimental.echo", { params: {}, input: { x: 1 } });
    assertObjectMatch(echo.json, { output: { input: { x: 1 }, caller: a.nodeId } });
    const { status, text } = await call(a, root, "experimental.count", { params: {}, input: {} });
    assertEquals(status, 200);
    assertEquals(text.match(/^event: \w+$/gm), ["event: token", "event: done"]);
    assertEquals([a.core.bus.inFlight(), b.core.bus.inFlight()], [0, 0]);
  });
});
