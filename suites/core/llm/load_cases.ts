/** Generations side by side: slots, refusals, slots that come free. CONTRACT §5.4, §9; X01 §6.4; M03 §5.3. */

import { describe, errorCode, holds, isInteger, member, of, status } from "../../../src/check/mod.ts";
import { tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { type HttpAnswer, type HttpStream, SseReader } from "../../../src/wire/mod.ts";
import { ask, chat, GENERATION_MS, maxConcurrent, STORY } from "./helpers.ts";

/** Largest number of slots that is filled. */
const MAX_SLOTS = 16;
/** Calls beyond the slots (LLM-034). */
const SURPLUS = 2;
/** Tokens of a stream that outlasts its case. */
const ENDLESS = 4000;
/** Calls of one member, so that no budget is touched. */
const CALLS_PER_MEMBER = 4;
/** Time a surplus call may wait for its first frame or its refusal, in milliseconds. */
const IN_TIME_MS = 20_000;
/** Time for a slot to come free: 200 ms of the rule and some slack. */
const FREED_AFTER_MS = 250;

/** Streams that take up slots; the case has to release them. */
class Load {
  readonly streams: HttpStream[] = [];
  #calls = 0;

  constructor(private readonly context: CaseContext) {}

  async open(): Promise<HttpStream> {
    const { target, actors } = this.context;
    const { name, version, params } = chat(this.context);
    const caller = await actors.member(`caller ${Math.floor(this.#calls++ / CALLS_PER_MEMBER)}`);
    const input = ask(STORY, { max_tokens: ENDLESS, stream: true });
    const stream = await target.open(caller, name, input, { version, params, deadlineMs: GENERATION_MS });
    this.streams.push(stream);
    return stream;
  }

  /** Takes every slot; ends the case where that cannot be done. */
  async fill(): Promise<void> {
    const slots = maxConcurrent(chat(this.context));
    if (slots > MAX_SLOTS) this.context.skip(`max_concurrent ${slots} is above ${MAX_SLOTS}`);
    for (let i = 0; i < slots; i++) {
      const stream = await this.open();
      if (stream.status !== 200) {
        this.release();
        this.context.inconclusive(`stream ${i + 1} of ${slots} was refused: ${describe(stream.soFar())}`);
      }
    }
  }

  release(): void {
    for (const stream of this.streams) {
      stream.abort();
      stream.finish();
    }
  }
}

/** What a call gets: a refusal, or the start of its stream in time; undefined if neither comes. */
async function outcome(stream: HttpStream): Promise<HttpAnswer | undefined> {
  if (stream.status !== 200) {
    for await (const _ of stream.chunks());
    return stream.soFar();
  }
  const { frames } = await new SseReader(stream).read({ maxFrames: 1, deadlineMs: IN_TIME_MS });
  return frames.length === 0 ? undefined : stream.soFar();
}

export const loadCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/leaving-frees-the-slot",
    requirement: "LLM-027",
    brokenBy: ["work-outlives-its-client"],
    effects: "harm",
    timed: true,
    async run(context) {
      const load = new Load(context);
      await load.fill();
      const [leaver] = load.streams;
      leaver?.abort();
      await context.target.sleep(FREED_AFTER_MS);
      const next = await load.open();
      if (next.status !== 200) { for await (const _ of next.chunks()); }
      const answer = next.soFar();
      load.release();
      context.should(of(
        answer,
        holds(errorCode(answer) !== "capacity_exceeded", "a slot that came free", describe(answer)),
      ));
    },
  }),
  defineCase({
    id: "core/llm/surplus-calls-are-refused",
    requirement: "LLM-034",
    brokenBy: ["calls-beyond-slots-stall"],
    effects: "harm",
    timed: true,
    async run(context) {
      const load = new Load(context);
      await load.fill();
      const surplus = [];
      for (let i = 0; i < SURPLUS; i++) surplus.push(await load.open());
      const outcomes = await Promise.all(surplus.map(outcome));
      const seen = surplus.map((stream) => stream.soFar());
      load.release();
      for (const [i, answer] of outcomes.entries()) {
        const exchange = seen[i]?.exchange ?? -1;
        context.must.hold(answer !== undefined, `a refusal or a frame within ${IN_TIME_MS} ms`, "neither", exchange);
        if (answer === undefined || answer.status === 200) continue;
        const code = errorCode(answer);
        context.must.all(
          status(answer, 429),
          of(answer, holds(code === "capacity_exceeded", "error capacity_exceeded", describe(answer))),
        );
      }
    },
  }),
  defineCase({
    id: "core/llm/full-answers-say-when-to-return",
    requirement: "LLM-035",
    brokenBy: ["pause-in-seconds"],
    effects: "harm",
    async run(context) {
      const load = new Load(context);
      await load.fill();
      const stream = await load.open();
      if (stream.status !== 200) { for await (const _ of stream.chunks()); }
      const answer = stream.soFar();
      load.release();
      if (errorCode(answer) !== "capacity_exceeded") {
        return context.inconclusive(`one call more than max_concurrent is not refused: ${answer.status}`);
      }
      const pause = member(tryParseJson(answer.body), "retry_after_ms");
      context.should(of(answer, isInteger(pause, "retry_after_ms", 0)));
      // BUS-037 takes any number that is not negative, so 0 is only written down.
      if (pause === 0) context.note("retry_after_ms is 0");
    },
  }),
];
