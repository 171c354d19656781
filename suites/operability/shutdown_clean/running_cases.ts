/** What is under way when the node is asked to stop: streams, calls, long polls. */

import { describe, json } from "../../../src/check/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { probe, send } from "../../core/bus/helpers.ts";
import { start, streaming } from "../../core/bus/running.ts";
import { isRefused } from "../lifecycle.ts";

/** Time a stream may take to end after the stop was asked for, in milliseconds. */
const STREAM_END_MS = 15_000;
/** Calls kept in flight (OPS-009), the pause of each caller between two calls, and when the stop comes. */
const CALLERS = 10;
const CALL_EVERY_MS = 150;
const CALLS_FIRST = 20;
const FIRST_CALLS_MS = 20_000;
/** Long polls held, and for how many seconds each asks (OPS-010). */
const POLLS = 3;
const POLL_SECONDS = 30;
const POLLED_TOPIC = "marketplace.post.created";
/** Answers that show that the node has read what was sent before them. */
const ROUND_TRIPS = 3;
const LONGEST_MS = 120_000;

/** Why an answer is neither complete nor plainly missing; undefined if it is one of them. */
function brokenOff(answer: HttpAnswer): string | undefined {
  if (answer.status === 0) return answer.received.length === 0 ? undefined : "a part of an answer";
  if (answer.failure !== undefined) return `status ${answer.status} with a part of a body: ${answer.failure.message}`;
  return "value" in json(answer) ? undefined : describe(answer);
}

export const runningCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/shutdown_clean/streams-end",
    requirement: "OPS-008",
    brokenBy: ["stop-cuts-streams"],
    effects: "none",
    longestMs: LONGEST_MS,
    async run(context) {
      const { target, should } = context;
      if (!target.control.separate) return context.skip("the target can only be restarted in one go");
      const called = await streaming(context);
      const running = await start(target, await context.actors.member(), called, called.long);
      if (running === undefined) return context.inconclusive("no stream can be started");
      const reading = running.reader.read({ deadlineMs: STREAM_END_MS });
      await target.control.end("SIGTERM");
      const { ended } = await reading;
      const last = running.reader.frames.at(-1);
      running.stream.abort();
      should.hold(
        last?.event === "done" || last?.event === "error",
        "done or error as the last frame of a stream that the stop ends",
        `${last?.event ?? "no frame"}, then the end of the stream (${ended})`,
      );
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/calls-in-flight",
    requirement: "OPS-009",
    brokenBy: ["stop-halves-answers"],
    effects: "none",
    alsoNeeds: ["members:10"],
    longestMs: LONGEST_MS,
    async run(context) {
      const { target, should, until } = context;
      if (!target.control.separate) return context.skip("the target can only be restarted in one go");
      const probed = probe(target);
      const callers = [];
      for (let i = 0; i < CALLERS; i++) callers.push(await context.actors.member(`caller-${i}`));
      const answers: HttpAnswer[] = [];
      let over = false;
      const calling = callers.map(async (caller) => {
        while (!over) {
          const answer = await send(target, caller, probed.name, probed.version, probed.body);
          answers.push(answer);
          if (isRefused(answer)) return;
          await target.sleep(CALL_EVERY_MS);
        }
      });
      const flowing = () => Promise.resolve(answers.length >= CALLS_FIRST ? true : undefined);
      const enough = await until(flowing, FIRST_CALLS_MS);
      if (enough === true) await target.control.end("SIGTERM");
      over = true;
      await Promise.all(calling);
      if (enough === undefined) return context.inconclusive("calls are not answered before the stop either");
      for (const answer of answers) {
        const broken = brokenOff(answer);
        should.hold(
          broken === undefined,
          "a complete answer or none at all while the node stops",
          broken ?? "",
          answer.exchange,
        );
      }
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/polls-do-not-delay",
    requirement: "OPS-010",
    brokenBy: ["polls-delay-stop"],
    effects: "none",
    longestMs: LONGEST_MS,
    async run(context) {
      const { target, should } = context;
      if (!target.control.separate) return context.skip("the target can only be restarted in one go");
      const polls = Array.from({ length: POLLS }, () => target.poll(POLLED_TOPIC, { timeout: POLL_SECONDS }));
      for (let i = 0; i < ROUND_TRIPS; i++) await target.httpGet("/health");
      const { ended, ms } = await target.control.end("SIGTERM");
      await Promise.all(polls);
      should.hold(ended, `the node stops within 10 s while ${POLLS} polls are open`, `it still ran after ${ms} ms`);
    },
  }),
];
