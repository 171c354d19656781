/** What the documents say of one answer, decided from the exchange alone: no node of ours is asked. */

import { fromUtf8Lossy, isObject, type Json, type JsonObject, tryParseJson } from "../../src/protocol/mod.ts";
import { headerOf } from "../../src/wire/mod.ts";
import type { Observation } from "../observation.ts";
import { addressOf, type Cast, type Plan, type PlannedStep } from "../plan.ts";

/** One answer with the request it answers and what one side did before. */
export interface Exchange {
  readonly index: number;
  readonly step: PlannedStep;
  readonly address: string;
  readonly cast: Cast;
  readonly answer: Observation;
  /** The body as it was sent, if it was strict JSON. */
  readonly body: JsonObject;
  readonly params: JsonObject;
  readonly input: JsonObject;
  /** `output` of an accepted call; empty where there is none. */
  readonly output: JsonObject;
  /** Everything the same side did before, in order. */
  readonly before: readonly Exchange[];
}

/** One rule of the documents. */
export interface Oracle {
  readonly requirement: string;
  /** Capability or endpoint it speaks of; left out where it speaks of all. */
  readonly address?: string | RegExp;
  /** Places of differences that a breach of it shows at. */
  readonly place: RegExp;
  /** It names the requirement also where both answers keep it. */
  readonly general?: boolean;
  /** Whether the answer keeps it; undefined where it says nothing of this answer. */
  readonly holds: (exchange: Exchange) => boolean | undefined;
}

/** Answers of one side as exchanges, in order. */
export function exchangesOf(plan: Plan, answers: readonly Observation[]): Exchange[] {
  const all: Exchange[] = [];
  for (const [index, answer] of answers.entries()) {
    const step = plan.steps[index];
    if (step === undefined) break;
    const { value } = answer;
    const body = objectOf(bodySent(answer));
    all.push({
      index,
      step,
      address: addressOf(step.step),
      cast: plan.actors,
      answer,
      body,
      params: objectOf(body.params),
      input: objectOf(body.input),
      output: objectOf(isObject(value) ? value.output : undefined),
      get before() {
        return all.slice(0, index);
      },
    });
  }
  return all;
}

/** Whether an oracle speaks of an address. */
export function speaksOf({ address }: Oracle, of: string): boolean {
  return address === undefined || (typeof address === "string" ? address === of : address.test(of));
}

/** The value if it is an object, else an empty one. */
export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** The objects of a list. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The named header of the answer. */
export function header({ answer }: Exchange, name: string): string | undefined {
  return headerOf({ head: { ...answer } }, name);
}

/** The named header of the request. */
export function sentHeader({ answer }: Exchange, name: string): string | undefined {
  const head = headText(answer);
  return new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1]?.trim();
}

/** Error code of the answer. */
export function codeOf({ answer }: Exchange): string | undefined {
  const { value } = answer;
  return isObject(value) && typeof value.error === "string" ? value.error : undefined;
}

/** Whether a call was accepted and its answer read whole. */
export function isDone({ answer, step }: Exchange): boolean {
  return answer.status === 200 && answer.failure === undefined && answer.partial !== true &&
    !("cancel_after" in step.step) && answer.outcomes === undefined;
}

function headText({ sent }: Observation): string {
  const text = fromUtf8Lossy(sent);
  const end = text.indexOf("\r\n\r\n");
  return (end < 0 ? text : text.slice(0, end)).replaceAll("\r\n", "\n");
}

function bodySent({ sent }: Observation): Json | undefined {
  const text = fromUtf8Lossy(sent);
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? undefined : tryParseJson(text.slice(end + 4));
}
