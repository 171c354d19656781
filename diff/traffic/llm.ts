/** Traffic of text generation: whole, streamed, cancelled, on a WebSocket, with tools, and everything that is refused. */

import type { Json, JsonObject } from "../../src/protocol/mod.ts";
import { BAD, call, type Draw, planned, refused, type StepLawLike, succeeds, type Template } from "./draw.ts";
import { addressable } from "./probe.ts";

const TEMPTING = "Use lookup_weather to tell me the weather in the village of Hearthholm.";
/** More words than any context offered. */
const OVERLONG = "word ".repeat(9_000);
/** More tools than a call may bring (CONTRACT2 §6.3). */
const TOO_MANY_TOOLS = 17;
/** Beyond every advertised context. */
const HUGE_CONTEXT = 1_000_000;
/** Generations at once: all an identity may start in a second, which is more than a small node has slots for. */
const CROWD = 10;
const A_LONG_ANSWER_SECONDS = 60;
/** Nesting of tool calls in each other: no caller needs it. */
const DEEP = 12;

function tool(name: string, description = "finds things"): JsonObject {
  const parameters_schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
  return { name, description, parameters_schema };
}

function user(content: Json): JsonObject {
  return { role: "user", content };
}

const WEATHER = tool("lookup_weather", "Tells the weather of a place");
const TIDES = tool("lookup_tides", "Tells the tides of a harbour");

function model(draw: Draw, capability: string): string {
  return draw.offer.models.get(capability) ?? "default";
}

function prompt(draw: Draw): string {
  return `Tell me about the ${draw.any(["well", "hearth", "Brücke", "ladder"])}.`;
}

/** An answer that ends only where the node ends it takes seconds, and much longer on a busy machine. */
function patience(kind: string): { readonly within_seconds?: number } {
  return kind === "default-length" ? { within_seconds: A_LONG_ANSWER_SECONDS } : {};
}

const malformed = refused("LLM-013", 400, ...BAD);

/** Messages no node may answer. */
function badMessages(): readonly (readonly [string, Json])[] {
  const assistant = { role: "assistant", content: "Hello." };
  return [
    ["empty-messages", []],
    ["messages-text", "hello"],
    ["message-text", ["hello"]],
    ["role", [{ role: "king", content: "x" }]],
    ["no-role", [{ content: "x" }]],
    ["content-number", [user(5)]],
    ["content-missing", [{ role: "user" }]],
    ["two-users", [user("a"), user("b")]],
    ["two-assistants", [user("a"), assistant, assistant]],
    ["assistant-first", [assistant, user("a")]],
    ["late-system", [user("a"), { role: "system", content: "be brief" }]],
    ["system-alone", [{ role: "system", content: "be brief" }]],
    ["tool-first", [user("a"), { role: "tool", tool_call_id: "tc_1", content: "{}" }]],
    ["unknown-tool-result", [user("a"), assistant, { role: "tool", tool_call_id: "tc_none", content: "{}" }]],
  ];
}

/** Inputs that are refused for one option. */
const BAD_OPTIONS: readonly (readonly [string, JsonObject])[] = [
  ["tokens-zero", { max_tokens: 0 }],
  ["tokens-negative", { max_tokens: -5 }],
  ["tokens-text", { max_tokens: "5" }],
  ["tokens-fraction", { max_tokens: 2.5 }],
  ["temperature", { temperature: 9 }],
  ["temperature-text", { temperature: "warm" }],
  ["top-p", { top_p: "all" }],
  ["stop-number", { stop: 5 }],
  ["stop-list", { stop: [1] }],
  ["seed-text", { seed: "seven" }],
  ["seed-fraction", { seed: 1.5 }],
  ["stream-text", { stream: "yes" }],
  ["unknown-option", { mood: "warm" }],
];

function history(): JsonObject[] {
  const id = "tc_1";
  return [
    user(TEMPTING),
    { role: "assistant", content: "", tool_calls: [{ id, name: "lookup_weather", arguments: { place: "x" } }] },
    { role: "tool", tool_call_id: id, content: '{"sky":"clear","celsius":-3}' },
  ];
}

/** Inputs with tools; what is not said is legal. */
function toolInputs(): readonly (readonly [string, JsonObject])[] {
  const ask = (content: string, tools: Json, choice: Json): JsonObject => ({
    messages: [user(content)],
    tools,
    tool_choice: choice,
  });
  const many = Array.from({ length: TOO_MANY_TOOLS }, (_, i) => tool(`tool_${i}`));
  return [
    ["required", ask(TEMPTING, [WEATHER], "required")],
    ["auto", ask(TEMPTING, [WEATHER, TIDES], "auto")],
    ["none", ask(TEMPTING, [WEATHER], "none")],
    ["named", ask("Say hello.", [WEATHER, TIDES], { name: "lookup_tides" })],
    ["named-unknown", ask("Say hello.", [WEATHER], { name: "lookup_stars" })],
    ["not-wanted", ask("Say hello.", [WEATHER], "auto")],
    ["required-plain", ask("Say hello.", [WEATHER], "required")],
    ["required-empty", ask("Say hello.", [], "required")],
    ["odd-choice", ask("Say hello.", [WEATHER], "perhaps")],
    ["too-many", ask("Say hello.", many, "auto")],
    ["most", ask("Say hello.", many.slice(1), "auto")],
    ["twice", ask("Say hello.", [WEATHER, WEATHER], "auto")],
    ["nameless", ask("Say hello.", [{ description: "x" }], "auto")],
    ["result", { messages: history(), tools: [WEATHER], tool_choice: "auto" }],
    ["whole", { ...ask(TEMPTING, [WEATHER], "required"), stream: false }],
    ["tools-object", ask("Say hello.", {}, "auto")],
  ];
}

export const llmTemplates: readonly Template[] = [
  {
    name: "llm.chat/valid",
    needs: "llm.chat",
    make: (draw) => {
      const as = draw.actor("llm.chat");
      if (as === undefined) return;
      const named = { model: model(draw, "llm.chat") };
      const other = draw.offer.otherModels.get("llm.chat");
      const messages = [user(prompt(draw))];
      const base = { messages, max_tokens: draw.int(4, 24), seed: 7 };
      const talk = [
        { role: "system", content: "Be brief." },
        user("Where is the well?"),
        { role: "assistant", content: "Behind the mill." },
        user(prompt(draw)),
      ];
      const [kind, input, params] = draw.pick<readonly [string, JsonObject, JsonObject]>([
        ["stream", { ...base, temperature: 0 }, named],
        ["warm", { ...base, temperature: 1.5, top_p: 0.5 }, named],
        ["whole", { ...base, stream: false }, named],
        ["long", { ...base, max_tokens: 60 }, named],
        ["one", { ...base, max_tokens: 1 }, named],
        ["stop", { ...base, stop: ["the", " a"], max_tokens: 40 }, named],
        ["stop-text", { ...base, stop: "e", max_tokens: 40, stream: false }, named],
        ["stop-across", { ...base, stop: ["h t", "d a", "e w"], max_tokens: 60 }, named],
        ["conversation", { ...base, messages: talk }, named],
        ["conversation-whole", { ...base, messages: talk, stream: false }, named],
        ["default-length", { messages: [user("Write an endless story.")], seed: 7, stream: false }, named],
        ["seed-other", { ...base, seed: 8, max_tokens: 30 }, named],
        ["seed-null", { messages, max_tokens: 5, temperature: 0, seed: null }, named],
        ["other-model", base, { model: other ?? named.model }],
        ["other-model-whole", { ...base, stream: false }, { model: other ?? named.model }],
        ["parts", { ...base, messages: [user([{ type: "text", text: "hello" }])] }, named],
      ]);
      return [call(`llm.chat/${kind}`, as, "llm.chat", input, succeeds("LLM-001"), { params, ...patience(kind) })];
    },
  },
  {
    name: "llm.chat/cancelled",
    needs: "llm.chat",
    make: (draw) => {
      const as = draw.actor("llm.chat");
      if (as === undefined) return;
      const input = { messages: [user(prompt(draw))], max_tokens: 400, seed: 7 };
      const params = { model: model(draw, "llm.chat") };
      return [call("llm.chat/cancelled", as, "llm.chat", input, undefined, { params, cancel_after: 2 })];
    },
  },
  {
    name: "llm.chat/messages",
    needs: "llm.chat",
    make: (draw) => {
      const as = draw.actor("llm.chat");
      if (as === undefined) return;
      const [name, messages] = draw.pick(badMessages());
      const stream = draw.once(2) ? {} : { stream: false };
      const params = { model: model(draw, "llm.chat") };
      return [call(`llm.chat/${name}`, as, "llm.chat", { messages, max_tokens: 5, ...stream }, malformed, { params })];
    },
  },
  {
    name: "llm.chat/invalid",
    needs: "llm.chat",
    make: (draw) => {
      const as = draw.actor("llm.chat");
      if (as === undefined) return;
      const named = { model: model(draw, "llm.chat") };
      const base = { messages: [user(prompt(draw))], max_tokens: 5, seed: 7 };
      const options = BAD_OPTIONS.map(([name, change]) => [name, { ...base, ...change }, named, undefined] as const);
      const [name, input, params, law] = draw.pick<readonly [string, JsonObject, JsonObject, StepLawLike]>([
        ...options,
        ["no-messages", {}, named, malformed],
        ["unknown-model", base, { model: "no-such-model" }, refused("LLM-010", 404, "not_found")],
        ["no-model", base, {}, undefined],
        ["model-number", base, { model: 5 }, refused("LLM-011", 400, ...BAD)],
        ["wide-context", base, { ...named, ctx: HUGE_CONTEXT }, undefined],
        ["overlong", { ...base, messages: [user(OVERLONG)] }, named, refused("LLM-031", 400, ...BAD)],
      ]);
      return [call(`llm.chat/${name}`, as, "llm.chat", input, law, { params })];
    },
  },
  {
    name: "llm.chat/tools",
    needs: "llm.chat",
    when: ({ versions }) => versions.has("llm.chat@2.0"),
    make: (draw) => {
      const as = draw.actor("llm.chat");
      if (as === undefined) return;
      const [name, input] = draw.pick(toolInputs());
      const parts = { params: { model: model(draw, "llm.chat") }, version: "2.0" };
      const whole = { max_tokens: 64, seed: 7, ...input };
      return [call(`llm.chat/tools-${name}`, as, "llm.chat", whole, undefined, parts)];
    },
  },
  {
    name: "llm.chat/two",
    needs: "llm.chat",
    when: ({ versions }) => versions.has("llm.chat@2.0"),
    make: (draw) => {
      const as = draw.actor("llm.chat");
      if (as === undefined) return;
      const [name, content] = draw.pick<readonly [string, Json]>([
        ["text", prompt(draw)],
        ["parts", [{ type: "text", text: "hello" }, { type: "text", text: "there" }]],
        ["image", [{ type: "text", text: "look" }, { type: "image", image_cid: `blake3:${"7".repeat(64)}` }]],
        ["odd-part", [{ type: "smell", smell: "smoke" }]],
      ]);
      const input = { messages: [user(content)], max_tokens: 8, seed: 7 };
      const parts = { params: { model: model(draw, "llm.chat") }, version: "2.0" };
      return [call(`llm.chat/two-${name}`, as, "llm.chat", input, undefined, parts)];
    },
  },
  {
    name: "llm.chat/crowd",
    needs: "llm.chat",
    make: (draw) => {
      // It uses up a whole budget, so it comes once, from an identity that makes no other calls.
      const [as] = draw.bursters();
      if (as === undefined || draw.known("crowd") !== undefined) return;
      draw.save("crowd");
      const input = { messages: [user(prompt(draw))], max_tokens: 400, seed: 7 };
      const parts = { params: { model: model(draw, "llm.chat") }, parallel: CROWD };
      return [call("llm.chat/crowd", as, "llm.chat", input, { requirement: "LLM-034" }, parts)];
    },
  },
  {
    name: "llm.complete",
    needs: "llm.complete",
    make: (draw) => {
      const as = draw.actor("llm.complete");
      if (as === undefined) return;
      const named = { model: model(draw, "llm.complete") };
      const [kind, input, params] = draw.pick<readonly [string, JsonObject, JsonObject]>([
        ["stream", { prompt: "Once upon a", max_tokens: 5, seed: 3, stream: true }, named],
        ["whole", { prompt: "Once upon a", max_tokens: 5, stream: false, seed: 3 }, named],
        ["usual", { prompt: "Once upon a", max_tokens: 12, seed: 3 }, named],
        ["empty", { prompt: "", max_tokens: 2, seed: 3 }, named],
        ["seed-null", { prompt: "Once upon a", max_tokens: 5, temperature: 0, seed: null }, named],
        ["missing", { max_tokens: 5 }, named],
        ["number", { prompt: 7 }, named],
        ["stop", { prompt: "The well", max_tokens: 60, stop: ["e", "th"], seed: 3, stream: false }, named],
        ["default-length", { prompt: "Write an endless story.", seed: 3, stream: false }, named],
        ["unknown-model", { prompt: "x" }, { model: "no-such-model" }],
        ["no-model", { prompt: "x" }, {}],
        ["overlong", { prompt: OVERLONG }, named],
        ["unknown-option", { prompt: "x", mood: "warm" }, named],
      ]);
      return [call(`llm.complete/${kind}`, as, "llm.complete", input, undefined, { params, ...patience(kind) })];
    },
  },
  {
    name: "llm.tools.call",
    needs: "llm.tools.call",
    make: (draw) => {
      const as = draw.actor("llm.tools.call");
      const probe = addressable(draw);
      if (as === undefined || probe === undefined) return;
      const to = (target: string, body: Json) => ({
        tool_call_id: "tc_1",
        target_capability: target,
        target_body: body,
      });
      const empty = { params: {}, input: {} };
      const nested = (levels: number): JsonObject => {
        let input = to(`${probe}@1.0`, empty);
        for (let i = 1; i < levels; i++) input = to("llm.tools.call@1.0", { params: {}, input });
        return input;
      };
      const ingest = { params: { corpus: "tools" }, input: { doc_cid: `blake3:${"7".repeat(64)}`, title: "x" } };
      const [name, input] = draw.pick<readonly [string, JsonObject]>([
        ["probe", to(`${probe}@1.0`, empty)],
        ["unknown", to("no.such@1.0", empty)],
        ["refused-body", to("file.read@1.0", empty)],
        ["trusted-only", to("rag.ingest@1.0", ingest)],
        ["no-version", to(probe, empty)],
        ["no-body", to(`${probe}@1.0`, 5)],
        ["deep", nested(DEEP)],
        ["twice", nested(2)],
        ["missing", {}],
      ]);
      return [call(`llm.tools.call/${name}`, as, "llm.tools.call", input, undefined)];
    },
  },
  {
    name: "llm.chat/websocket",
    needs: "llm.chat",
    when: ({ websocket }) => websocket,
    make: (draw) => {
      const as = draw.actor("llm.chat");
      if (as === undefined) return;
      const params = { model: model(draw, "llm.chat") };
      const input = { messages: [user("Say hello.")], max_tokens: draw.any([3, 30]), seed: 7 };
      const base = { do: "ws", as, capability: "llm.chat", params, input } as const;
      const [name, step] = draw.pick(
        [
          ["whole", base],
          ["cancelled", { ...base, input: { ...input, max_tokens: 500 }, cancel_after: 3 }],
          ["refused", { ...base, input: {} }],
          ["not-json", { ...base, first: "hello" }],
          ["wrong-type", { ...base, first: '{"type":"dance"}' }],
          ["other-protocol", { ...base, protocols: ["hearthnet-bus.v99"] }],
          ["unsigned", { ...base, first: '{"type":"call","envelope":{}}' }],
          ["other", { ...base, capability: addressable(draw) ?? "market.list", params: {}, input: {} }],
        ] as const,
      );
      return [planned(`llm.chat/websocket-${name}`, step)];
    },
  },
];
