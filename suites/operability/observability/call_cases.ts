/** Metrics of calls: counts, results, durations, open streams, limits, generated tokens. */

import { describe, errorCode, holds, meta, of, succeeded } from "../../../src/check/mod.ts";
import type { JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { modelOf } from "../../../src/target/minimal_body.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { probe, send } from "../../core/bus/helpers.ts";
import { start, streaming } from "../../core/bus/running.ts";
import { cleanly, growsBy, metrics, reading, readUntil, samplesOf } from "./metrics.ts";
import { sumOf } from "./exposition.ts";

const REQUESTS = "hearthnet_requests_total";
const DURATION = "hearthnet_request_duration_ms";
const STREAMS = "hearthnet_active_streams";
const LIMITED = "hearthnet_rate_limited_total";
const TOKENS = "hearthnet_llm_tokens_generated_total";
/** Probe calls that are counted (OPS-033, OPS-035). */
const CALLS = 3;
/** Calls at once that go over the soft budget of 10 per second (OPS-040). */
const BURST = 40;
/** Streams held open at once (OPS-036). */
const OPEN_STREAMS = 2;
/** Tokens of a generation that takes a while, so that its duration is more than rounding (OPS-035). */
const LONG_ANSWER = 60;
/** Below this many milliseconds of handler time, seconds and milliseconds are not told apart. */
const TELLING_MS = 20;
/** Share of the handler's own time that must be in the recorded duration; seconds would be a thousandth. */
const LEAST_SHARE = 0.5;
/** What a node may record beyond what the caller saw, in milliseconds: both ends are rounded. */
const SLACK_MS = 5;
/** A CID of a blob that nobody has. */
const UNKNOWN_CID = `blake3:${"0".repeat(64)}`;

/** Calls the probe so many times; each must succeed. */
async function probeCalls(context: CaseContext, caller: Actor, count: number): Promise<readonly HttpAnswer[]> {
  const { name, version, body } = probe(context.target);
  const answers: HttpAnswer[] = [];
  for (let i = 0; i < count; i++) {
    const answer = await send(context.target, caller, name, version, body);
    context.must(succeeded(answer));
    answers.push(answer);
  }
  return answers;
}

/** A whole answer of the model. */
function generate({ target }: CaseContext, caller: Actor, tokens: number): Promise<HttpAnswer> {
  const input = { messages: [{ role: "user", content: "Tell of a hearth." }], max_tokens: tokens, stream: false };
  return target.call(caller, "llm.chat", input, { params: { model: modelOf(target.profile, "llm.chat") } });
}

/** Calls that fail on capabilities the target has: something unknown, and bodies that break the schema. */
function failingCalls({ target }: CaseContext): readonly { readonly name: string; readonly body: JsonObject }[] {
  const unknown: readonly (readonly [string, JsonObject])[] = [
    ["rag.query", { params: { corpus: `none-${target.id().toLowerCase()}` }, input: { query: "hearth", k: 1 } }],
    ["file.read", { params: {}, input: { cid: UNKNOWN_CID } }],
  ];
  const [found] = unknown.filter(([name]) => target.advertised(name) !== undefined);
  const probed = probe(target).name;
  const broken: JsonObject = { params: {}, input: "no object" };
  return [
    ...(found === undefined ? [] : [{ name: found[0], body: found[1] }]),
    { name: probed, body: broken },
    { name: probed, body: broken },
  ];
}

export const callCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/observability/requests-total",
    requirement: "OPS-033",
    brokenBy: ["requests-counted-without-labels"],
    effects: "none",
    async run(context) {
      const caller = await context.actors.member();
      const capability = probe(context.target).name;
      const read = reading(context, REQUESTS, { capability, result: "ok" });
      await growsBy(context, `${REQUESTS} of ${capability} with result ok`, read, CALLS, async () => {
        await probeCalls(context, caller, CALLS);
      });
    },
  }),
  defineCase({
    id: "operability/observability/failed-requests",
    requirement: "OPS-034",
    brokenBy: ["every-call-counted-ok"],
    effects: "none",
    async run(context) {
      const { target, should } = context;
      const caller = await context.actors.member();
      const before = (await metrics(context)).samples;
      const failed: { readonly capability: string; readonly result: string }[] = [];
      for (const { name, body } of failingCalls(context)) {
        const version = String(target.advertised(name)?.version ?? "1.0");
        const answer = await send(target, caller, name, version, body);
        const result = errorCode(answer);
        if (result !== undefined) failed.push({ capability: name, result });
        else context.note(`a call that was to fail did not, or did within a stream: ${describe(answer)}`);
      }
      if (failed.length === 0) return context.inconclusive("no call failed");
      for (const labels of failed) {
        const expected = failed.filter((f) => f.capability === labels.capability && f.result === labels.result).length;
        const was = sumOf(before, REQUESTS, labels);
        const { value, answer } = await readUntil(
          context,
          reading(context, REQUESTS, labels),
          (now) => now - was >= expected,
        );
        const what = `${REQUESTS} of ${labels.capability} with result ${labels.result} grows by ${expected}`;
        should(of(answer, holds(value - was >= expected, what, `${value - was}`)));
      }
    },
  }),
  defineCase({
    id: "operability/observability/durations",
    requirement: "OPS-035",
    brokenBy: ["durations-in-seconds", "durations-without-labels"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const caller = await context.actors.member();
      const capability = probe(target).name;
      await growsBy(
        context,
        `${DURATION}_count of ${capability}`,
        reading(context, `${DURATION}_count`, { capability }),
        CALLS,
        async () => void await probeCalls(context, caller, CALLS),
      );
      if (target.advertised("llm.chat") === undefined) return context.note("no call takes long enough to see the unit");
      const labels = { capability: "llm.chat" };
      const [sum, count] = [`${DURATION}_sum`, `${DURATION}_count`];
      const before = (await metrics(context)).samples;
      const answer = await generate(context, caller, LONG_ANSWER);
      must(succeeded(answer));
      const counted = sumOf(before, count, labels) + 1;
      await readUntil(context, reading(context, count, labels), (now) => now >= counted);
      const after = (await metrics(context)).samples;
      const grown = sumOf(after, sum, labels) - sumOf(before, sum, labels);
      const calls = sumOf(after, count, labels) - sumOf(before, count, labels);
      const { ms } = meta(answer);
      const own = typeof ms === "number" ? ms : 0;
      if (own < TELLING_MS) return context.note(`the generation took ${own} ms, too short to see the unit`);
      const seen = answer.endedAt - answer.startedAt;
      const most = calls === 1 ? seen + SLACK_MS : Infinity;
      must.hold(
        grown >= own * LEAST_SHARE && grown <= most,
        `${sum} grows by the milliseconds of the call, about ${own}`,
        `${grown}`,
      );
    },
  }),
  defineCase({
    id: "operability/observability/active-streams",
    requirement: "OPS-036",
    brokenBy: ["streams-only-counted-up"],
    effects: "none",
    alsoNeeds: ["members:2"],
    async run(context) {
      const { target, must } = context;
      const called = await streaming(context);
      const read = reading(context, STREAMS, { capability: called.name });
      const before = (await read()).value;
      const running = [];
      try {
        for (let i = 0; i < OPEN_STREAMS; i++) {
          running.push(await start(target, await context.actors.member(`streamer-${i}`), called, called.long));
        }
        if (running.includes(undefined)) return context.inconclusive("two streams cannot be held open");
        const during = await readUntil(context, read, (now) => now === before + OPEN_STREAMS);
        const expected = `${STREAMS} of ${called.name} ${before + OPEN_STREAMS} with ${OPEN_STREAMS} streams`;
        must(of(during.answer, holds(during.value === before + OPEN_STREAMS, expected, `${during.value}`)));
      } finally {
        for (const one of running) one?.stream.abort();
      }
      const { value, answer } = await readUntil(context, read, (now) => now === before);
      must(of(answer, holds(value === before, `${STREAMS} back at ${before} after the streams`, `${value}`)));
    },
  }),
  defineCase({
    id: "operability/observability/rate-limited",
    requirement: "OPS-040",
    brokenBy: ["only-hard-drops-counted"],
    effects: "harm",
    async run(context) {
      const { target, must } = context;
      const { name, version, body } = probe(target);
      const caller = await context.actors.member("eager");
      const read = reading(context, LIMITED, { capability: name });
      const before = (await read()).value;
      const answers = await Promise.all(
        Array.from({ length: BURST }, () => send(target, caller, name, version, body)),
      );
      const limited = answers.filter((answer) => errorCode(answer) === "rate_limited").length;
      if (limited === 0) return context.inconclusive(`${BURST} calls at once were not limited`);
      const { value, answer } = await readUntil(context, read, (now) => now - before >= limited);
      const counted = value - before;
      must(of(answer, holds(counted >= limited, `${limited} limited calls of ${name} counted`, `${counted}`)));
      const { samples } = await samplesOf(context, LIMITED);
      const labelled = samples.every(({ labels }) => labels.has("reason"));
      must.hold(labelled, `a reason label on every sample of ${LIMITED}`, "a sample without", answer.exchange);
    },
  }),
  defineCase({
    id: "operability/observability/generated-tokens",
    requirement: "OPS-044",
    brokenBy: ["characters-counted-as-tokens"],
    effects: "none",
    async run(context) {
      const caller = await context.actors.member();
      const read = reading(context, TOKENS);
      await cleanly(context, async () => {
        const before = (await read()).value;
        const answer = await generate(context, caller, LONG_ANSWER);
        context.must(succeeded(answer));
        const { tokens_out: tokens } = meta(answer);
        if (typeof tokens !== "number") return context.inconclusive("the answer does not tell its tokens");
        const after = await readUntil(context, read, (now) => now - before >= tokens);
        const grown = after.value - before;
        return of(after.answer, holds(grown === tokens, `${TOKENS} grows by ${tokens}`, `${grown}`));
      });
      const { samples, answer } = await samplesOf(context, TOKENS);
      const labelled = samples.every(({ labels }) => labels.has("model") && labels.has("backend"));
      context.must(of(answer, holds(labelled, "model and backend on every sample", "a sample without")));
    },
  }),
];
