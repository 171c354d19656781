import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../wire/clock.ts";
import type { IncomingCall, UnaryResult } from "../core.ts";
import type { Rules } from "../rules.ts";
import { anyCapability, callOf, codeOf, testCore } from "./testing.ts";

const SCHEMA = {
  type: "object",
  required: ["input"],
  properties: {
    input: { type: "object", required: ["n"], properties: { n: { type: "number" } } },
    params: { type: "object" },
  },
};

/** A node with one capability that waits until it is released, and fails when asked to. */
function node(rules: Partial<Rules>, trust: "member" | "trusted" = "member") {
  const clock = new VirtualClock({ wallMs: 0, advanceOnSleep: false });
  const { core } = testCore(clock, () => ({}), rules);
  const waiting: (() => void)[] = [];
  const seen: unknown[] = [];
  core.bus.register(
    anyCapability({ max_concurrent: 1, request_schema: SCHEMA, trust, streaming: { default: false } }),
    ({ input, transport }) => {
      seen.push(input["n"]);
      if (input["fail"] === true) throw new Error("no");
      if (transport === "sse") {
        return (async function* () {
          yield await Promise.resolve({ event: "done", data: {} });
        })();
      }
      if (input["wait"] !== true) return { output: {} };
      return new Promise<UnaryResult>((resolve) => waiting.push(() => resolve({ output: {} })));
    },
  );
  const call = (input: IncomingCall["body"] = { n: 1 }, more: Partial<IncomingCall> = {}) =>
    core.bus.dispatch(callOf("file.list", { body: { input }, ...more }));
  const code = (...args: Parameters<typeof call>) => codeOf(call(...args));
  return { core, clock, waiting, seen, call, code };
}

Deno.test("bodies may be closed, coerced or left alone by rule", async () => {
  const table: readonly (readonly [Rules["bodyCheck"], readonly string[]])[] = [
    ["open", ["ok", "bad_request", "bad_request"]],
    ["closed", ["bad_request", "bad_request", "bad_request"]],
    ["coerce", ["ok", "ok", "bad_request"]],
    ["off", ["ok", "ok", "ok"]],
  ];
  for (const [bodyCheck, expected] of table) {
    const { code } = node({ bodyCheck });
    assertEquals([await code({ n: 1, more: 1 }), await code({ n: "1" }), await code({})], expected, bodyCheck);
  }
});

Deno.test("a body can be changed before it is checked, and an exception there is an internal error", async () => {
  const filled = node({ readBody: (body) => ({ ...body, input: { n: 0 } }) });
  assertEquals(await filled.code({}), "ok");
  const broken = node({
    readBody: () => {
      throw new TypeError("no such member");
    },
  });
  assertEquals(await broken.code({}), "internal_error");
});

Deno.test("validation can come late and trust after the body", async () => {
  const late = node({ bodyCheckedWhen: "after" });
  assertEquals([await late.code({}), late.seen.length], ["bad_request", 1]);
  const revealing = node({ firstCheck: "schema" }, "trusted");
  assertEquals([await revealing.code({}), await revealing.code()], ["bad_request", "unauthorized"]);
});

Deno.test("a full capability can queue or hide", async () => {
  const queue = node({ whenFull: "queue" });
  const first = queue.call({ n: 1, wait: true });
  const second = queue.call({ n: 2 });
  assertEquals(queue.seen, [1]);
  queue.waiting[0]?.();
  await Promise.all([first, second]);
  assertEquals(queue.seen, [1, 2]);
  const hidden = node({ whenFull: "not_found" });
  const busy = hidden.call({ n: 1, wait: true });
  assertEquals(await hidden.code(), "not_found");
  hidden.waiting[0]?.();
  await busy;
});

Deno.test("slots can be lost after errors or streams", async () => {
  for (const input of [{ n: 1, fail: true }, {}]) {
    const errors = node({ errorFreesSlot: false });
    await errors.code(input);
    assertEquals(await errors.code(), "capacity_exceeded");
  }
  const streams = node({ streamEndFreesSlot: false });
  const answer = await streams.call({ n: 1, stream: true });
  if (answer.kind === "stream") await Array.fromAsync(answer.frames);
  assertEquals(await streams.code(), "capacity_exceeded");
});

Deno.test("a refusal can poison the bus, and an unregistered name can be answered", async () => {
  const { code } = node({ refusalPoisonsBus: (refused) => refused === "bad_request" });
  assertEquals([await code(), await code({}), await code()], ["ok", "bad_request", "internal_error"]);
  const open = node({ answerUnregistered: (name) => name === "experimental.x" ? {} : undefined });
  const unknown = (name: string) => codeOf(open.core.bus.dispatch(callOf(name)));
  assertEquals([await unknown("experimental.x"), await unknown("experimental.y")], ["ok", "not_found"]);
});

Deno.test("levels can be remembered for a time", async () => {
  const { code, clock } = node({ levelCacheMs: 1000 }, "trusted");
  const promoted = { level: "trusted" } as const;
  assertEquals([await code(), await code({ n: 1 }, promoted)], ["unauthorized", "unauthorized"]);
  clock.advance(1000);
  assertEquals(await code({ n: 1 }, promoted), "ok");
});

Deno.test("names and versions can be read loosely", async () => {
  const { core } = node({
    nameMatches: (offered, requested) => offered.startsWith(requested.toLowerCase()),
    readVersion: (text) => ({ major: parseInt(text), minor: 0 }),
    versionServes: () => true,
  });
  const call = callOf("FILE", { version: "7.0.0", body: { input: { n: 1 } } });
  assertEquals(await codeOf(core.bus.dispatch(call)), "ok");
});

Deno.test("the answer's shape and time are the rules' matter", async () => {
  const { call } = node({ unaryBody: ({ output }) => output, reportedMs: () => -1 });
  assertEquals(await call(), { kind: "unary", body: {} });
});
