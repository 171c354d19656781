/** Taking recorded steps towards one target, learning what it calls things. */

import { type Identity, isObject, type Json, tryParseJson } from "../../protocol/mod.ts";
import type { Actors } from "../../target/actors.ts";
import type { Session } from "../../target/session.ts";
import { DEFAULT_LIMITS, headerOf, type HttpAnswer, openStream, readSse, SseParser } from "../../wire/mod.ts";
import type { StepAnswer } from "../vector_steps.ts";
import type { Answered, Names } from "./names.ts";
import { partsOf, rewrite } from "./rewrite.ts";
import { namesFor } from "./stand_ins.ts";
import { type RecordedAnswer, type RecordedStep, requestBytes } from "./step.ts";
import { talkAgain } from "./talk.ts";

/** Milliseconds an answer may take, unless the recorded one took longer. */
export const ANSWER_DEADLINE_MS = 15_000;
/** Looks at something that comes about by itself, and milliseconds between two. */
export const MAX_LOOKS = 60;
export const LOOK_EVERY_MS = 100;
/** Statuses from here on are refusals. */
const REFUSED = 400;

/** Takes the steps of one recorded case in order. */
export class RecordedSteps {
  #names: Names | undefined;

  /** `salt` makes ids new on a node that was sent the same before. */
  constructor(
    private readonly session: Session,
    private readonly actors: Actors,
    private readonly salt?: string,
  ) {}

  /** The keys that stand for those of the recording. */
  get signers(): readonly Identity[] {
    return [...this.#names?.signers.values() ?? []];
  }

  /** Makes the requests of a step again. @throws {WireError} If nothing can be sent. */
  async take(step: RecordedStep): Promise<StepAnswer> {
    const { session } = this;
    const names = this.#names ??= await this.#begin(step);
    if (step.pause_ms !== undefined) await session.sleep(step.pause_ms);
    const [first] = step.requests;
    const last = step.requests.at(-1);
    if (first === undefined || last === undefined) throw new SyntaxError("Cannot repeat a step: it has no request");
    if (step.talk !== undefined) {
      const answer = await talkAgain(requestBytes(first), step.talk, session, names);
      names.learn(answeredOf(first.answer), answeredBy(answer));
      return answer;
    }
    if (step.requests.length === 1) return await this.#one(step, names, requestBytes(first), first.answer);
    if (step.looks === true) return await this.#look(step, names, last.answer);
    const startedAt = session.mono();
    const all = await Promise.all(step.requests.map((one) => this.#send(step, names, requestBytes(one))));
    all.forEach((answer, index) => names.learn(answeredOf(step.requests[index]?.answer), answeredBy({ answer })));
    const answer = all.find(({ status }) => status >= REFUSED) ?? all.at(-1);
    if (answer === undefined) throw new SyntaxError("Cannot repeat a step: it has no request");
    return { answer, outcomes: all.map(({ status }) => status), spanMs: session.mono() - startedAt };
  }

  async #begin({ recording }: RecordedStep): Promise<Names> {
    const names = await namesFor(recording, this.session, this.actors, this.salt);
    await alignLog(recording, this.session, names, this.salt !== undefined);
    return names;
  }

  async #one(step: RecordedStep, names: Names, bytes: Uint8Array, then: RecordedAnswer): Promise<StepAnswer> {
    const answer = await this.#send(step, names, bytes);
    names.learn(answeredOf(then), answeredBy({ answer }));
    return { answer };
  }

  async #look(step: RecordedStep, names: Names, then: RecordedAnswer): Promise<StepAnswer> {
    const wanted = shapeOf(answeredOf(then));
    let seen: StepAnswer | undefined;
    for (let i = 0; i < MAX_LOOKS; i++) {
      const request = step.requests[Math.min(i, step.requests.length - 1)];
      if (request === undefined) break;
      if (i > 0) await this.session.sleep(LOOK_EVERY_MS);
      seen = await this.#one(step, names, requestBytes(request), then);
      if (shapeOf(answeredBy(seen)) === wanted) break;
    }
    if (seen === undefined) throw new SyntaxError("Cannot repeat a step: it has no request");
    return seen;
  }

  async #send(step: RecordedStep, names: Names, sent: Uint8Array): Promise<HttpAnswer> {
    const { session } = this;
    const { host, port } = session.endpoint;
    const bytes = rewrite(sent, names, `${host}:${port}`);
    const deadlineMs = step.deadline_ms ?? ANSWER_DEADLINE_MS;
    const limits = { deadlineMs, idleMs: deadlineMs };
    if (step.leave_after === undefined) return await session.raw(bytes, { limits });
    return await leaveStream(session, bytes, step.leave_after, deadlineMs);
  }
}

/** Says how far the log of a node that was in use, or that enrolled somebody, lies from the recorded one. */
export async function alignLog(
  { head, members }: RecordedStep["recording"],
  session: Session,
  names: Names,
  used: boolean,
): Promise<number> {
  if (head === undefined || (!used && Object.keys(members).length === 0)) return 0;
  const now = await session.head();
  if (now === undefined) return 0;
  names.moveLog(now - head);
  return now - head;
}

/** Reads a stream for so many frames and leaves: whether it is read to its end is something a node acts on. */
export async function leaveStream(
  session: Pick<Session, "network" | "endpoint">,
  bytes: Uint8Array,
  frames: number,
  deadlineMs: number,
): Promise<HttpAnswer> {
  const parts = partsOf(bytes);
  const [method = "", path = ""] = parts?.lines[0]?.split(" ") ?? [];
  const headers = (parts?.lines.slice(1) ?? []).map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const request = { method, path, headers, ...(parts === undefined ? {} : { body: parts.body }) };
  const stream = await openStream(session.network, session.endpoint, request, { deadlineMs, idleMs: deadlineMs });
  await readSse(stream, { maxFrames: frames, deadlineMs });
  return stream.finish();
}

/** How many of what an answer holds, with its status: what is new in every call leaves no trace. */
export function shapeOf({ status, value }: Answered): string {
  const count = (json: Json | undefined): string =>
    Array.isArray(json)
      ? `[${json.length}]`
      : isObject(json)
      ? Object.entries(json).map(([name, item]) => `${name}${count(item)}`).sort().join(",")
      : "";
  return `${status} ${count(value)}`;
}

function answeredOf(answer: RecordedAnswer | undefined): Answered {
  return { status: answer?.status ?? 0, value: answer?.value, frames: answer?.frames?.map((data) => ({ data })) };
}

function answeredBy({ answer, messages }: StepAnswer): Answered {
  if (messages !== undefined) {
    return { status: answer.status, frames: messages.map(({ payload }) => ({ data: tryParseJson(payload) })) };
  }
  const streamed = headerOf(answer, "content-type")?.toLowerCase().startsWith("text/event-stream") === true;
  if (!streamed) return { status: answer.status, value: tryParseJson(answer.body) };
  const frames = new SseParser(DEFAULT_LIMITS).feed({ bytes: answer.body, at: 0 });
  return { status: answer.status, frames: frames.map(({ data }) => ({ data: tryParseJson(data) })) };
}
