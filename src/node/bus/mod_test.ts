import { assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { VirtualClock } from "../../wire/clock.ts";
import { type BusAnswer, type Frame, NodeError } from "../core.ts";
import { anyCapability, callOf, codeOf, NODE, testCore } from "./testing.ts";

const clock = () => new VirtualClock({ wallMs: 1_790_000_000_000, advanceOnSleep: false });
const ok = () => ({ output: { fine: true } });

async function frames(answer: BusAnswer): Promise<Frame[]> {
  const list: Frame[] = [];
  if (answer.kind === "stream") { for await (const frame of answer.frames) list.push(frame); }
  return list;
}

Deno.test("a call is answered with output and meta.ms", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability(), ok);
  assertEquals(await core.bus.dispatch(callOf("file.list")), {
    kind: "unary",
    body: { output: { fine: true }, meta: { ms: 0 } },
  });
});

Deno.test("names are exact and unknown ones are not found", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability(), ok);
  for (const name of ["experimental.does_not_exist", "FILE.LIST", "file.list.", "file", "file.lis", "__proto__"]) {
    assertEquals(await codeOf(core.bus.dispatch(callOf(name))), "not_found", name);
  }
});

Deno.test("versions that are not two numbers are refused", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability(), ok);
  for (const version of ["1", "1.0.0", "v1.0", "1.x", "-1.0", ">=1.0", "", "01.0", "1.0 "]) {
    assertEquals(await codeOf(core.bus.dispatch(callOf("file.list", { version }))), "bad_request", version);
  }
});

Deno.test("another major names the advertised hash, a higher minor is not found", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability(), ok);
  for (const version of ["2.0", "0.9"]) {
    const error = await assertRejects(() => core.bus.dispatch(callOf("file.list", { version })), NodeError);
    assertEquals(error.code, "schema_mismatch");
    assertEquals(error.more.schema_hash_expected, core.bus.entries()[0]?.schema_hash ?? "");
  }
  assertEquals(await codeOf(core.bus.dispatch(callOf("file.list", { version: "1.1" }))), "not_found");
});

Deno.test("trust is checked before the body", async () => {
  const { core } = testCore(clock());
  const schema = { type: "object", properties: { input: { type: "object", required: ["q"] } }, required: ["input"] };
  core.bus.register(anyCapability({ trust: "trusted", request_schema: schema }), ok);
  const call = (level: "member" | "trusted" | "anchor") => codeOf(core.bus.dispatch(callOf("file.list", { level })));
  assertEquals([await call("member"), await call("trusted"), await call("anchor")], [
    "unauthorized",
    "bad_request",
    "bad_request",
  ]);
});

Deno.test("self is the signer that is the node, and no one else", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability({ trust: "self" }), ({ level }) => ({ output: { level } }));
  assertEquals(await codeOf(core.bus.dispatch(callOf("file.list", { level: "anchor" }))), "unauthorized");
  const answer = await core.bus.dispatch(callOf("file.list", { caller: NODE.id, level: "anchor" }));
  assertObjectMatch(answer, { body: { output: { level: "self" } } });
});

Deno.test("bodies that break the schema are bad requests, unknown members are welcome", async () => {
  const { core } = testCore(clock());
  let runs = 0;
  core.bus.register(
    anyCapability({
      request_schema: {
        type: "object",
        required: ["input"],
        properties: {
          input: { type: "object", required: ["q"], properties: { q: { type: "string" }, kind: { enum: ["a", "b"] } } },
        },
      },
    }),
    () => ({ output: { runs: ++runs } }),
  );
  const bodies = [{}, { input: [] }, { input: {} }, { input: { q: 1 } }, { input: { q: "x", kind: "c" } }, {
    params: [],
    input: { q: "x" },
  }];
  for (const body of bodies) {
    assertEquals(await codeOf(core.bus.dispatch(callOf("file.list", { body }))), "bad_request");
  }
  assertEquals(runs, 0);
  await core.bus.dispatch(callOf("file.list", { body: { input: { q: "x", more: 1 }, also: 2 } }));
  assertEquals(runs, 1);
});

Deno.test("a full capability refuses with a time to wait, and a slot is free after errors and streams", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability({ max_concurrent: 2, streaming: "always" }), async function* ({ input, signal }) {
    yield { event: "token", data: {} };
    if (input["fail"] === true) throw new Error("broken");
    if (input["hang"] === true) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    yield { event: "done", data: {} };
  });
  const start = (input: { fail?: boolean; hang?: boolean } = {}, signal = new AbortController().signal) =>
    core.bus.dispatch(callOf("file.list", { body: { params: {}, input }, signal }));
  const a = await start();
  const b = await start({ fail: true });
  const refused = await assertRejects(() => start(), NodeError);
  assertEquals([refused.code, refused.more.retry_after_ms], ["capacity_exceeded", core.rules.fullRetryMs]);
  assertEquals(core.bus.inFlight(), 2);
  assertEquals((await frames(a)).map((f) => f.event), ["token", "done"]);
  assertEquals(await codeOf(frames(b)), "internal_error");
  assertEquals(core.bus.inFlight(), 0);

  const gone = new AbortController();
  const c = await start({ hang: true }, gone.signal);
  gone.abort();
  assertEquals(core.bus.inFlight(), 0);
  assertEquals(await frames(c), []);

  const dropped = await start();
  if (dropped.kind === "stream") await dropped.frames.return();
  assertEquals(core.bus.inFlight(), 0);
});

Deno.test("a cancelled stream still tells its handler's last frame, if it comes soon", async () => {
  for (const polite of [true, false]) {
    const time = clock();
    const { core } = testCore(time);
    core.bus.register(anyCapability({ streaming: "always" }), async function* ({ signal }) {
      yield { event: "token", data: {} };
      await new Promise<void>((resolve) => {
        if (polite) signal.addEventListener("abort", () => resolve());
      });
      yield { event: "done", data: { stop_reason: "cancelled" } };
    });
    const cancel = new AbortController();
    const answer = await core.bus.dispatch(callOf("file.list", { signal: cancel.signal }));
    const list = frames(answer);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    cancel.abort();
    assertEquals(core.bus.inFlight(), 0);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    time.advance(core.rules.cancelGraceMs);
    assertEquals((await list).map(({ event }) => event), polite ? ["token", "done"] : ["token"]);
    assertEquals(time.sleeping, 0);
  }
});

Deno.test("a handler that does not end in time is a timeout and its signal is aborted", async () => {
  const time = clock();
  const { core } = testCore(time);
  let aborted = false;
  core.bus.register(
    anyCapability({ deadlineMs: 100 }),
    ({ signal }) => new Promise(() => signal.addEventListener("abort", () => aborted = true)),
  );
  const answer = codeOf(core.bus.dispatch(callOf("file.list")));
  time.advance(100);
  assertEquals([await answer, aborted, core.bus.inFlight(), time.sleeping], ["timeout", true, 0, 0]);
});

Deno.test("an unexpected exception is an internal error without details", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability(), () => {
    throw new TypeError("secret path");
  });
  const error = await assertRejects(() => core.bus.dispatch(callOf("file.list")), NodeError);
  assertEquals([error.code, error.message.includes("secret")], ["internal_error", false]);
});

Deno.test("whether a call streams follows input.stream and Accept", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability({ streaming: { default: true } }), ({ transport }) => ({ output: { transport } }));
  const transport = async (input: { stream?: boolean }, acceptsStream: boolean) => {
    const answer = await core.bus.dispatch(callOf("file.list", { body: { input }, acceptsStream }));
    return answer.kind === "unary" ? (answer.body["output"] as { transport: string }).transport : "";
  };
  assertEquals(
    [await transport({}, true), await transport({ stream: false }, true), await transport({}, false)],
    ["sse", "unary", "unary"],
  );
});

Deno.test("experimental capabilities of contract 3 are switched off before anything else is looked at", async () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability({ name: "experimental.moe.route" }), ok);
  const call = callOf("experimental.moe.route", { version: "nonsense", body: {} });
  assertEquals(await codeOf(core.bus.dispatch(call)), "experimental_disabled");
  assertEquals(await codeOf(core.bus.dispatch(callOf("experimental.unknown.thing"))), "not_found");
});

Deno.test("the manifest entries are unique, hashed by descriptor, and leave aliases and what is switched off out", () => {
  const { core } = testCore(clock());
  core.bus.register(anyCapability(), ok);
  core.bus.register(anyCapability(), ok);
  core.bus.register(anyCapability({ name: "file.read" }), ok);
  core.bus.register(anyCapability({ name: "file_read.alias", hidden: true }), ok);
  core.bus.register(anyCapability({ name: "experimental.echo" }), ok);
  const entries = core.bus.entries();
  assertEquals(entries.map(({ name }) => name), ["file.list", "file.read"]);
  assertEquals(new Set(entries.map(({ schema_hash }) => schema_hash)).size, 2);
  assertEquals(core.bus.entries(), entries);
});
