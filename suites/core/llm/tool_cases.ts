/** Tool calls of llm.chat 2.0: frames, choice, results. CONTRACT2 §4.23, §5.1, §6.3; M21 §3.3, §4.1, §7. */

import { describe, equals, holds, isRecord, isText, of, oneOf, shown } from "../../../src/check/mod.ts";
import { isObject, type Json, type JsonObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import {
  ask,
  chatTwo,
  type Course,
  FEW,
  frameNames,
  generated,
  type Generator,
  isTerminal,
  paramsOf,
  refusal,
  refusedAsBadInput,
  streamed,
} from "./helpers.ts";
import { onSocket } from "./socket.ts";

/** Tools per call unless advertised otherwise (CONTRACT2 §6.3). */
const MAX_TOOLS = 16;
/** Largest advertised number that is tried. */
const MAX_TOOLS_TRIED = 256;
/** Bound of an answer with or without a tool call. */
const ANSWER_TOKENS = 64;
/** Time in which a stream that does not wait for a result would end, in milliseconds. */
const EARLY_END_MS = 150;
/** Tool calls that are answered on one socket. */
const MAX_ROUNDS = 4;

function tool(name: string, description: string): JsonObject {
  const parameters_schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
  return { name, description, parameters_schema };
}

const WEATHER = tool("lookup_weather", "Tells the weather of a place");
const TIDES = tool("lookup_tides", "Tells the tides of a harbour");
/** Asks for the first tool by name. */
const TEMPTING = "Use lookup_weather to tell me the weather in the village of Hearthholm.";
/** Asks for no tool. */
const PLAIN = "Say hello.";
const RESULT = { sky: "clear", celsius: -3 };

/** llm.chat 2.0; ends the case unless it is advertised with tools. */
function toolChat(context: CaseContext): Generator {
  const generator = chatTwo(context);
  const { tools_supported: supported } = paramsOf(generator.entry);
  return supported === true ? generator : context.skip("the llm.chat entry does not advertise tools_supported true");
}

function input(text: string, choice: Json, tools: JsonObject[] = [WEATHER]): JsonObject {
  return ask(text, { tools, tool_choice: choice, max_tokens: ANSWER_TOKENS, stream: true });
}

/** Data of the frames of a name, empty objects for what is none. */
function dataOf({ frames }: Course, event: string): readonly JsonObject[] {
  return frames.filter((frame) => frame.event === event).map(({ json }) => isObject(json) ? json : {});
}

/** A chat that ended with done, and its tool calls; none is a violation. */
async function toolCalls(context: CaseContext, text: string, choice: Json, tools?: JsonObject[]): Promise<{
  readonly course: Course;
  readonly calls: readonly [JsonObject, ...JsonObject[]];
}> {
  const course = await streamed(context, toolChat(context), input(text, choice, tools));
  context.must.get(generated(course));
  const [one, ...more] = dataOf(course, "tool_call");
  if (one !== undefined) return { course, calls: [one, ...more] };
  return context.must.get({
    difference: {
      expected: `a tool_call frame with tool_choice ${shown(choice)}`,
      observed: frameNames(course.frames),
      exchange: course.answer.exchange,
    },
  });
}

/** A history that goes on after a call of a tool. */
function withResult(call: JsonObject, resultId: Json, tools: JsonObject[] = [WEATHER]): JsonObject {
  const { id = null, name = null, arguments: given = {} } = call;
  return {
    messages: [
      { role: "user", content: TEMPTING },
      { role: "assistant", content: "", tool_calls: [{ id, name, arguments: given }] },
      { role: "tool", tool_call_id: resultId, content: JSON.stringify(RESULT) },
    ],
    tools,
    tool_choice: "auto",
    max_tokens: ANSWER_TOKENS,
    stream: true,
  };
}

export const toolCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/tool-call-frame",
    requirement: "LLM-046",
    brokenBy: ["tool-arguments-as-text"],
    effects: "none",
    async run(context) {
      const { course: { answer }, calls } = await toolCalls(context, TEMPTING, "required");
      for (const call of calls) {
        context.must.all(
          of(answer, isText(call.id, "id of tool_call")),
          of(answer, oneOf(call.name, [WEATHER.name], "name of tool_call")),
          of(answer, isRecord(call.arguments, "arguments of tool_call")),
        );
      }
    },
  }),
  defineCase({
    id: "core/llm/tool-call-deltas-add-up",
    requirement: "LLM-047",
    brokenBy: ["last-arguments-delta-dropped"],
    effects: "none",
    async run(context) {
      const { course, calls } = await toolCalls(context, TEMPTING, "required");
      const deltas = dataOf(course, "tool_call_delta");
      if (deltas.length === 0) return context.note("no tool_call_delta frame came");
      for (const { id = null, arguments: given = null } of calls) {
        const pieces = deltas.filter((delta) => delta.id === id).map(({ arguments_delta: piece }) => piece);
        if (pieces.length === 0) continue;
        const joined = pieces.map((piece) => typeof piece === "string" ? piece : "").join("");
        context.must.all(
          of(course.answer, holds(tryParseJson(joined) !== undefined, "deltas that join to JSON", joined)),
          // Arguments sent as text are a matter of LLM-046.
          of(
            course.answer,
            equals(tryParseJson(joined), typeof given === "string" ? tryParseJson(given) : given, "the joined deltas"),
          ),
        );
      }
    },
  }),
  defineCase({
    id: "core/llm/tool-choice-none",
    requirement: "LLM-048",
    brokenBy: ["tool-choice-none-ignored"],
    effects: "none",
    async run(context) {
      const course = await streamed(context, toolChat(context), input(TEMPTING, "none"));
      context.must.get(generated(course));
      const calls = [...dataOf(course, "tool_call"), ...dataOf(course, "tool_call_delta")];
      context.must(of(course.answer, holds(calls.length === 0, "no frame of a tool call", frameNames(course.frames))));
    },
  }),
  defineCase({
    id: "core/llm/tool-choice-required-and-named",
    requirement: "LLM-049",
    brokenBy: ["tool-choice-required-as-auto"],
    effects: "none",
    async run(context) {
      const tools = [WEATHER, TIDES];
      await toolCalls(context, PLAIN, "required", tools);
      const choice = { name: String(TIDES.name) };
      const { course: { answer }, calls } = await toolCalls(context, PLAIN, choice, tools);
      context.must(of(answer, oneOf(calls[0].name, [TIDES.name], "name of tool_call")));
    },
  }),
  defineCase({
    id: "core/llm/tool-result-in-history",
    requirement: "LLM-050",
    brokenBy: ["tool-role-unknown"],
    effects: "none",
    async run(context) {
      const { calls: [call] } = await toolCalls(context, TEMPTING, "required");
      context.must.get(generated(await streamed(context, toolChat(context), withResult(call, call.id ?? null))));
    },
  }),
  defineCase({
    id: "core/llm/tool-result-on-the-socket",
    requirement: "LLM-051",
    brokenBy: ["tool-result-ignored"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const stream = await onSocket(context, toolChat(context), input(TEMPTING, "required"));
      const isCall = ({ event }: { event: string }) => event === "tool_call";
      let frame = await stream.until(isCall);
      if (frame === undefined || !isCall(frame)) return context.inconclusive(`no tool_call came: ${stream.shown}`);
      for (let round = 0; round < MAX_ROUNDS && frame !== undefined && isCall(frame); round++) {
        const early = await stream.next(EARLY_END_MS);
        const ended = early !== undefined && isTerminal(early);
        must.hold(!ended, "a stream that waits for the result of its tool call", stream.shown, stream.exchange);
        await stream.say({ type: "tool_result", tool_call_id: frame.data.id ?? null, body: RESULT });
        frame = early !== undefined && isCall(early) ? early : await stream.until(isCall);
      }
      must.hold(frame?.event === "done", "done after the tool_result", stream.shown, stream.exchange);
      await stream.close();
    },
  }),
  defineCase({
    id: "core/llm/dangling-tool-result",
    requirement: "LLM-052",
    brokenBy: ["dangling-tool-result-used"],
    effects: "none",
    async run(context) {
      const generator = toolChat(context);
      const call = { id: `tc_${context.target.id()}`, name: WEATHER.name ?? null, arguments: { place: "Hearthholm" } };
      const dangling = withResult(call, `tc_${context.target.id()}`);
      context.should(refusedAsBadInput(await refusal(context, generator, dangling)));
    },
  }),
  defineCase({
    id: "core/llm/tools-are-limited",
    requirement: "LLM-053",
    brokenBy: ["surplus-tools-dropped"],
    effects: "none",
    async run(context) {
      const generator = toolChat(context);
      const { max_tools_per_call: stated } = paramsOf(generator.entry);
      const limit = Number.isSafeInteger(stated) ? Number(stated) : MAX_TOOLS;
      if (limit > MAX_TOOLS_TRIED) return context.skip(`max_tools_per_call ${limit} is above ${MAX_TOOLS_TRIED}`);
      const tools = Array.from({ length: limit + 1 }, (_, i) => tool(`lookup_${i}`, `Looks up volume ${i}`));
      context.should(refusedAsBadInput(await refusal(context, generator, input(PLAIN, "none", tools))));
    },
  }),
  defineCase({
    id: "core/llm/text-parts-are-text",
    requirement: "LLM-054",
    brokenBy: ["parts-rejected"],
    effects: "none",
    async run(context) {
      const parts = [{ type: "text", text: PLAIN }];
      const course = await streamed(context, chatTwo(context), ask(parts, { max_tokens: FEW, stream: true }));
      context.must.get(generated(course));
    },
  }),
  defineCase({
    id: "core/llm/unknown-images-are-refused",
    requirement: "LLM-055",
    brokenBy: ["unknown-image-ignored"],
    effects: "none",
    async run(context) {
      const generator = chatTwo(context);
      const { modalities } = paramsOf(generator.entry);
      if (!Array.isArray(modalities) || !modalities.includes("vision")) {
        return context.skip("the llm.chat entry does not list vision in modalities");
      }
      const image_cid = `blake3:${context.random.bytes(32).toHex()}`;
      const parts = [{ type: "text", text: "What is this?" }, { type: "image", image_cid }];
      const refused = await refusal(context, generator, ask(parts, { max_tokens: FEW }));
      const known = ["not_found", "bad_request", "schema_mismatch"].includes(refused.code ?? "");
      context.should.hold(
        known && refused.tokens === 0,
        "a refusal with not_found or bad_request",
        refused.text,
        refused.exchange,
      );
    },
  }),
  defineCase({
    id: "core/llm/old-callers-get-old-frames",
    requirement: "LLM-056",
    brokenBy: ["new-frames-for-old-callers"],
    effects: "none",
    async run(context) {
      const old = { ...chatTwo(context), version: "1.0" };
      const course = await streamed(context, old, ask(PLAIN, { max_tokens: FEW, stream: true }));
      if (course.answer.status === 404 || course.answer.status === 400) {
        // Nobody fails for refusing a match across majors (core-llm, "version jump of llm.chat").
        return context.note(`a caller of version 1.0 is refused: ${describe(course.answer)}`);
      }
      context.should.get(generated(course));
      const known = ["token", "token_delta", "progress", "done"];
      const others = course.frames.filter(({ event }) => !known.includes(event));
      context.should(
        of(course.answer, holds(others.length === 0, `only frames named ${known.join(", ")}`, frameNames(others))),
      );
    },
  }),
];
