import { assert, assertEquals, assertGreater } from "@std/assert";
import { type DecodedToken, type Json, type JsonObject, utf8 } from "../../protocol/mod.ts";
import type { Frame } from "../core.ts";
import { registerFiles } from "./files.ts";
import { registerLlm } from "./llm.ts";
import { Bench, type BenchOptions, type CallOptions } from "./testing.ts";

const PARAMS = { model: "ember-small" };
const V2 = { version: "2.0" } as const;
const user = (content: Json) => ({ role: "user", content });
const ask = (content: string, more: JsonObject = {}) => ({ messages: [user(content)], ...more });
const bench = (options: BenchOptions = {}) => new Bench(registerLlm, options);
const textOf = (frames: readonly Frame[]) =>
  frames.map(({ event, data }) => event === "token" ? data.text : "").join("");
const TOOL = {
  name: "lookup",
  description: "Looks a word up",
  parameters_schema: { type: "object", properties: { q: { type: "string" }, limit: { type: "integer" } } },
};

Deno.test("a stream has tokens and one done frame that counts them", async () => {
  const frames = await bench().stream("llm.chat", PARAMS, ask("Count to 100."));
  assertEquals(frames.length, 200);
  assertEquals(frames.at(-1), { event: "done", data: { tokens_out: 199, stop_reason: "end", ms: 0 } });
});

Deno.test("streamed and whole answers have the same text for the same seed", async () => {
  const b = bench();
  const input = ask("What is warm?", {
    seed: 42,
    temperature: 0.7,
    top_p: 0.95,
    stop: [],
    tools: [],
    tool_choice: "auto",
  });
  const { output, meta } = await b.call("llm.chat", PARAMS, input);
  assertEquals(textOf(await b.stream("llm.chat", PARAMS, input)), (output.message as JsonObject).content as string);
  assertEquals((output.message as JsonObject).role, "assistant");
  assertEquals(meta?.model, "ember-small");
  assertEquals(meta?.stop_reason, "end");
  assertGreater(meta?.tokens_in as number, 0);
});

Deno.test("max_tokens bounds the answer, with defaults of 1024 and 256", async () => {
  const b = bench();
  const done = async (capability: string, input: JsonObject) =>
    (await b.stream(capability, PARAMS, input)).at(-1)?.data;
  assertEquals(await done("llm.chat", ask("a long story", { max_tokens: 8 })), {
    tokens_out: 8,
    stop_reason: "max_tokens",
    ms: 0,
  });
  assertEquals((await done("llm.chat", ask("a long story")))?.tokens_out, 1024);
  assertEquals((await done("llm.complete", { prompt: "a long story", seed: null }))?.tokens_out, 256);
  for (const max_tokens of [0, -5, "10", 1.5]) {
    assertEquals(await b.refusal("llm.chat", PARAMS, ask("hi", { max_tokens })), "bad_request");
  }
});

Deno.test("stop sequences cut chat and completion, also across tokens", async () => {
  const b = bench();
  const full = textOf(await b.stream("llm.complete", PARAMS, { prompt: "What is warm?", seed: 3 }));
  const stop = full.slice(20, 27);
  const cut = await b.stream("llm.complete", PARAMS, { prompt: "What is warm?", seed: 3, stop: [stop] });
  assertEquals(textOf(cut), full.slice(0, full.indexOf(stop)));
  assertEquals(cut.at(-1)?.data.stop_reason, "stop_sequence");
  const chat = await b.call("llm.chat", PARAMS, ask("Count to 9", { stop: ", 3" }));
  assertEquals((chat.output.message as JsonObject).content, "1, 2");
});

Deno.test("bad messages are refused", async () => {
  const b = bench();
  const assistant = { role: "assistant", content: "yes" };
  const system = { role: "system", content: "be brief" };
  const bad: Json[] = [
    [],
    "hello",
    [system],
    [{ role: "wizard", content: "x" }],
    [{ content: "x" }],
    [{ role: "user" }],
    [user(5)],
    [assistant, assistant, user("x")],
    [user("x"), assistant, system, user("y")],
  ];
  for (const messages of bad) assertEquals(await b.refusal("llm.chat", PARAMS, { messages }), "bad_request");
  assertEquals(await b.refusal("llm.chat", PARAMS, {}), "bad_request");
  for (const prompt of [null, 5]) assertEquals(await b.refusal("llm.complete", PARAMS, { prompt }), "bad_request");
  assertEquals(await b.refusal("llm.chat", PARAMS, { messages: [system, user("a"), assistant, user("b")] }), "none");
});

Deno.test("models and contexts that are not offered are refused, advertised models are served", async () => {
  const b = bench();
  assertEquals(await b.refusal("llm.chat", { model: "no-such-model" }, ask("hi")), "not_found");
  assertEquals(await b.refusal("llm.chat", {}, ask("hi")), "bad_request");
  assertEquals(await b.refusal("llm.chat", { ...PARAMS, ctx: 4097 }, ask("hi")), "not_found");
  assertEquals(await b.refusal("llm.chat", { ...PARAMS, ctx: 4096 }, ask("hi")), "none");
  assertEquals(await b.refusal("llm.chat", PARAMS, ask("x".repeat(8 * 4096))), "bad_request");
  const entries = b.descriptors.filter(({ name }) => name === "llm.chat");
  assertEquals(entries.map(({ version, params }) => [version, params.tools_supported ?? null]), [["1.0", false], [
    "2.0",
    true,
  ]]);
  for (const model of entries[0]?.params.models as string[]) {
    const { meta } = await b.call("llm.chat", { model }, ask("hi", { max_tokens: 4 }));
    assertEquals(meta?.model, model);
  }
});

Deno.test("tokens are paced", async () => {
  const b = bench({ tokenDelayMs: 20 });
  const frames = await b.stream("llm.chat", PARAMS, ask("Count to 100."));
  assertEquals(frames.at(-1)?.data.ms, 199 * 20);
});

Deno.test("an abort ends the stream as cancelled", async () => {
  const controller = new AbortController();
  const frames = await bench().open("llm.chat", PARAMS, ask("a long story"), { signal: controller.signal });
  assertEquals((await frames.next()).value?.event, "token");
  controller.abort(new DOMException("cancelled", "AbortError"));
  const { value } = await frames.next();
  assertEquals([value?.event, value?.data.stop_reason], ["done", "cancelled"]);
});

Deno.test("a backend that breaks, hangs or is missing ends in an error", async () => {
  const broken = await bench({ backendFault: "fail" }).stream("llm.chat", PARAMS, ask("Count to 100."));
  assertEquals(broken.map(({ event }) => event), ["token", "token", "token", "error"]);
  assertEquals(broken.at(-1)?.data.error, "internal_error");

  const controller = new AbortController();
  const hanging = bench({ backendFault: "hang" }).stream("llm.chat", PARAMS, ask("hi"), { signal: controller.signal });
  controller.abort(new DOMException("late", "TimeoutError"));
  assertEquals((await hanging).map(({ data }) => data.error), ["timeout"]);

  assertEquals(await bench({ backendFault: "absent" }).refusal("llm.chat", PARAMS, ask("hi")), "not_implemented");
});

Deno.test("a generation that takes longer than its deadline is a timeout", async () => {
  const b = bench({ tokenDelayMs: 20, rules: { llmDeadlineMs: 100 } });
  const frames = await b.stream("llm.chat", PARAMS, ask("a long story"));
  assertEquals(frames.at(-1)?.data.error, "timeout");
});

Deno.test("a required tool is called with arguments, in pieces and whole", async () => {
  const input = ask("find the old mill", { tools: [TOOL, { name: "other" }], tool_choice: "required" });
  const frames = await bench().stream("llm.chat", PARAMS, input, V2);
  const deltas = frames.filter(({ event }) => event === "tool_call_delta");
  const call = frames.find(({ event }) => event === "tool_call");
  assertEquals(call?.data.arguments ?? null, { q: "find the old mill", limit: 1 });
  assertEquals(JSON.parse(deltas.map(({ data }) => data.arguments_delta).join("")), call?.data.arguments);
  assertEquals(deltas.map(({ data }) => data.name ?? null).slice(0, 2), ["lookup", null]);
  assert(deltas.every(({ data }) => data.id === call?.data.id));
  assertEquals(frames.at(-1)?.event, "done");

  const named = await bench().call("llm.chat", PARAMS, { ...input, tool_choice: { name: "other" } }, V2);
  assertEquals((named.output.tool_calls as JsonObject[]).map(({ name }) => name), ["other"]);
});

Deno.test("tool_choice none calls nothing, auto calls a tool the request names", async () => {
  const calls = async (content: string, tool_choice: Json) =>
    (await bench().stream("llm.chat", PARAMS, ask(content, { tools: [TOOL], tool_choice }), V2))
      .filter(({ event }) => event.startsWith("tool_call")).length > 0;
  assertEquals(await calls("use lookup now", "none"), false);
  assertEquals(await calls("use lookup now", "auto"), true);
  assertEquals(await calls("good morning", "auto"), false);
});

Deno.test("a history with a tool result is answered, a result without its call is refused", async () => {
  const called = {
    role: "assistant",
    content: "",
    tool_calls: [{ id: "tc_a1", name: "lookup", arguments: { q: "well" } }],
  };
  const result = { role: "tool", tool_call_id: "tc_a1", content: '{"hits":2}' };
  const input = { tools: [TOOL], tool_choice: "required", messages: [user("lookup well"), called, result] };
  const frames = await bench().stream("llm.chat", PARAMS, input, V2);
  assertEquals(new Set(frames.map(({ event }) => event)), new Set(["token", "done"]));
  for (
    const messages of [[user("x"), { role: "assistant", content: "" }, result], [user("x"), called, {
      ...result,
      tool_call_id: "tc_b",
    }]]
  ) {
    assertEquals(await bench().refusal("llm.chat", PARAMS, { messages }, V2), "bad_request");
  }
});

Deno.test("on a WebSocket the result resumes the stream", async () => {
  let answered: (message: JsonObject) => void = () => {};
  const arrived = new Promise<JsonObject>((resolve) => answered = resolve);
  async function* inbox(): AsyncGenerator<JsonObject> {
    yield { type: "ack", upto: 1 };
    yield await arrived;
  }
  const input = ask("lookup well", { tools: [TOOL], tool_choice: "required" });
  const events: string[] = [];
  for await (const frame of await bench().open("llm.chat", PARAMS, input, { ...V2, inbox: inbox() })) {
    events.push(frame.event);
    if (frame.event === "tool_call") {
      answered({ type: "tool_result", tool_call_id: frame.data.id as string, body: { hits: 2 } });
    }
  }
  assertEquals([...new Set(events)], ["tool_call_delta", "tool_call", "token", "done"]);
});

Deno.test("tools are bounded and checked", async () => {
  const many = Array.from({ length: 17 }, (_, i) => ({ name: `tool_${i}` }));
  const refusal = (tools: Json, more: JsonObject = {}) =>
    bench().refusal("llm.chat", PARAMS, ask("hi", { tools, ...more }), V2);
  assertEquals(await refusal(many), "bad_request");
  assertEquals(await refusal(many.slice(1)), "none");
  for (const tools of ["x", [{}], [{ name: "a" }, { name: "a" }]]) assertEquals(await refusal(tools), "bad_request");
  assertEquals(await refusal([TOOL], { tool_choice: { name: "other" } }), "bad_request");
  assertEquals(await refusal([], { tool_choice: "required" }), "bad_request");
});

Deno.test("content may have parts in version 2.0, and images must be held", async () => {
  const b = bench();
  const part = [{ type: "text", text: "What is warm?" }];
  const text = async (content: Json) =>
    textOf(await b.stream("llm.chat", PARAMS, { messages: [user(content)], seed: 1 }, V2));
  assertEquals(await text(part), await text("What is warm?"));
  const image = (image_cid: string) => ({ messages: [user([...part, { type: "image", image_cid }])] });
  assertEquals(await b.refusal("llm.chat", PARAMS, image(`blake3:${"0".repeat(64)}`), V2), "not_found");
  assertEquals(await b.refusal("llm.chat", PARAMS, image(b.core.blobs.putBlob(utf8("png"))), V2), "none");
  assertEquals(await b.refusal("llm.chat", PARAMS, { messages: [user(part)] }), "bad_request");
});

const both = () =>
  new Bench((core) => {
    registerLlm(core);
    registerFiles(core);
  });
const tool = (target_capability: string, target_body: JsonObject) => ({
  tool_call_id: "tc_1",
  target_capability,
  target_body,
});

Deno.test("llm.tools.call mirrors the target and its refusals", async () => {
  const b = both();
  b.core.blobs.putBlob(utf8("x"));
  const direct = await b.call("file.list", {}, {});
  const through = await b.call("llm.tools.call", {}, tool("file.list@1.0", { params: {}, input: {} }));
  assertEquals(through.output, direct.output);
  const refusal = (input: JsonObject, options: CallOptions = {}) => b.refusal("llm.tools.call", {}, input, options);
  assertEquals(await refusal(tool("file.read@1.0", { params: {}, input: {} })), "bad_request");
  assertEquals(await refusal(tool("no.such@1.0", { params: {}, input: {} })), "not_found");
  for (const input of [{}, tool("file.list", {}), { target_capability: "file.list@1.0" }]) {
    assertEquals(await refusal(input), "bad_request");
  }
});

Deno.test("llm.tools.call nests six levels and no more", async () => {
  const nested = (levels: number): JsonObject =>
    levels === 0
      ? tool("file.list@1.0", { params: {}, input: {} })
      : tool("llm.tools.call@1.0", { params: {}, input: nested(levels - 1) });
  assertEquals(await both().refusal("llm.tools.call", {}, nested(5)), "none");
  assertEquals(await both().refusal("llm.tools.call", {}, nested(6)), "bad_request");
});

Deno.test("a token has to cover the target too", async () => {
  const b = both();
  Object.assign(b.core.tokens, { covers: (_: DecodedToken, name: string) => name === "llm.tools.call" });
  const token = {} as DecodedToken;
  const input = tool("file.list@1.0", { params: {}, input: {} });
  assertEquals(await b.refusal("llm.tools.call", {}, input, { token }), "token_scope_insufficient");
});

Deno.test("where input is read after a stream was accepted, its errors are raised by the frames", async () => {
  const late = bench({ rules: { llmInputErrors: "frame" } });
  const error = { event: "error", data: { error: "bad_request" } };
  assertEquals(await late.stream("llm.chat", PARAMS, { messages: [] }), [error]);
});
