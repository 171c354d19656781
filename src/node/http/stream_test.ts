import { assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "../../wire/clock.ts";
import { type Frame, NodeError } from "../core.ts";
import type { Overrides } from "../fault.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { behaviourOf } from "../with.ts";
import { type FakeHandler, fakeNode, framesAnswer, MEMBER } from "./fake_parts.ts";
import { post, rawExchange, rawRequest, signedCall } from "./fake_client.ts";

const clock = systemClock();
const STREAM = { capability: "test.stream" };

async function withNode(
  handler: FakeHandler,
  use: (node: ReferenceNode) => Promise<void>,
  overrides: readonly Overrides[] = [],
): Promise<void> {
  const { parts } = fakeNode({ "test.stream": handler });
  const node = await ReferenceNode.start({ ...defaultNodeOptions({ clock }), ...behaviourOf(overrides) }, parts);
  try {
    await use(node);
  } finally {
    await node.stop();
  }
}

function streamBytes(node: ReferenceNode): Uint8Array {
  const { headers, body } = signedCall(node, STREAM, MEMBER);
  return rawRequest("POST", "/bus/v1/call", headers, body);
}

const TWO: FakeHandler = () => framesAnswer({ event: "token", data: { text: "a" } }, { event: "done", data: { n: 1 } });

Deno.test("a stream is written frame by frame and the connection closes after the terminal one", () =>
  withNode(TWO, async (node) => {
    const text = await rawExchange(node, streamBytes(node));
    const [head = "", body] = text.split(/\r\n\r\n([^]*)/);
    assertMatch(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\n/);
    assertMatch(head, /X-HearthNet-Request-Id: [0-9A-Z]{26}\r\nX-HearthNet-From: ed25519:/);
    assertEquals(body, 'event: token\ndata: {"text":"a"}\n\nevent: done\ndata: {"n":1}\n\n');
  }));

Deno.test("a handler that fails or ends early ends its stream in an error frame", async () => {
  async function* failing(): AsyncGenerator<Frame, void, void> {
    yield await Promise.resolve({ event: "token", data: {} });
    throw new NodeError("partition", "Cannot go on");
  }
  await withNode(() => ({ kind: "stream", frames: failing() }), async (node) => {
    assertMatch(
      await rawExchange(node, streamBytes(node)),
      /\n\nevent: error\ndata: \{"error":"partition",[^\n]*\n\n$/,
    );
  });
  await withNode(() => framesAnswer({ event: "token", data: {} }), async (node) => {
    assertMatch(await rawExchange(node, streamBytes(node)), /event: error\ndata: \{"error":"internal_error"/);
  });
});

Deno.test("a client that leaves a stream aborts its handler within 200 ms", async () => {
  const aborted = Promise.withResolvers<number>();
  async function* endless(signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    signal.addEventListener("abort", () => aborted.resolve(clock.mono()), { once: true });
    for (let i = 0; !signal.aborted; i++) {
      yield { event: "token", data: { i } };
      await clock.sleep(1);
    }
  }
  await withNode((call) => ({ kind: "stream", frames: endless(call.signal) }), async (node) => {
    await rawExchange(node, streamBytes(node), (text) => text.includes('{"i":2}'));
    const left = clock.mono();
    const took = await aborted.promise - left;
    assertEquals(took < 200, true, `aborted after ${took} ms`);
    const metrics = async () => await (await fetch(`${node.url}/metrics`)).text();
    const closed = /hearthnet_active_streams\{capability="test.stream"\} 0/;
    for (const give = clock.mono() + 1_000; !closed.test(await metrics()) && clock.mono() < give;) await clock.sleep(5);
    assertMatch(await metrics(), closed);
  });
});

Deno.test("stop ends open streams and polls at once and frees the port", async () => {
  async function* silent(signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    yield await Promise.resolve({ event: "token", data: {} });
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  await withNode((call) => ({ kind: "stream", frames: silent(call.signal) }), async (node) => {
    const seen = Promise.withResolvers<void>();
    const stream = rawExchange(node, streamBytes(node), (text) => {
      if (text.includes("token")) seen.resolve();
      return false;
    });
    const poll = rawExchange(node, rawRequest("GET", "/pubsub/v1/subscribe?topic=a.b", {}));
    const idle = rawExchange(node, new Uint8Array([71]));
    await seen.promise;
    await node.stop();
    assertMatch(await stream, /event: token/);
    assertEquals([await poll, await idle], ["", ""]);
  });
});

Deno.test("faults reach the wire through the seams", async () => {
  const cases: [string, Overrides, RegExp][] = [
    ["no terminal frame", { frame: (f) => f.event === "done" ? [] : [f] }, /"a"\}\n\n$/],
    ["raw frames", { frame: (f) => [{ ...f, raw: "data: x\n\n" }] }, /\r\n\r\ndata: x\n\ndata: x\n\n$/],
    ["status of a stream", { outbound: (a) => ({ ...a, status: 206 }) }, /^HTTP\/1\.1 206 /],
    ["dropped", { outbound: (a) => ({ ...a, connection: "drop" }) }, /^$/],
    ["reset", { outbound: (a) => ({ ...a, connection: "reset" }) }, /^$/],
    ["withheld", { outbound: () => null }, /^$/],
    ["buffered", { rules: { bufferStream: true } }, /"a"\}\n\nevent: done/],
    ["header case", {
      outbound: (a) => ({ ...a, headers: a.headers.map(([n, v]) => [n.toLowerCase(), v]) }),
    }, /\r\ncontent-type: text\/event-stream\r\n/],
  ];
  for (const [name, overrides, expected] of cases) {
    await withNode(TWO, async (node) => assertMatch(await rawExchange(node, streamBytes(node)), expected, name), [
      overrides,
    ]);
  }
});

Deno.test("a wrong content length is sent as it is", () =>
  withNode(TWO, async (node) => {
    const text = await rawExchange(node, rawRequest("GET", "/health", { Connection: "close" }));
    assertMatch(text, /Content-Length: 999\r\n/);
  }, [{ outbound: (a) => ({ ...a, headers: [...a.headers, ["Content-Length", "999"]] }) }]));

Deno.test("the order of checks is a rule", async () => {
  const overrides: Overrides = { rules: { callChecks: ["capability", "signature", "community", "revoked", "member"] } };
  await withNode(TWO, async (node) => {
    const call = signedCall(node, { capability: "test.absent" }, MEMBER);
    call.headers["X-HearthNet-Signature"] = "ed25519:AAAA";
    assertEquals((await post(node, call)).body.error, "not_found");
  }, [overrides]);
});

Deno.test("an execution before the checks happens once and its answer is kept", async () => {
  let executed = 0;
  const handler: FakeHandler = () => {
    executed++;
    return { kind: "unary", body: { output: executed } };
  };
  await withNode(handler, async (node) => {
    assertEquals((await post(node, signedCall(node, STREAM, MEMBER))).body.output, 1);
    const forged = signedCall(node, STREAM, MEMBER);
    forged.headers["X-HearthNet-Signature"] = "ed25519:AAAA";
    assertEquals((await post(node, forged)).status, 401);
    assertEquals(executed, 2);
  }, [{ rules: { callChecks: ["execute", "signature", "community", "revoked", "member", "rate"] } }]);
});
