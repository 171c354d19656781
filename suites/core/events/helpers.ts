/** What the event cases share: making events, pushing them, judging the counts. */

import { type AnswerView, describe, isInteger, of, okObject, type Verdict } from "../../../src/check/mod.ts";
import {
  type EventEnvelope,
  type Identity,
  isObject,
  type Json,
  type JsonObject,
  signDocument,
  tryParseJson,
} from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { EventOptions, Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** How long views may take to show an accepted event, in milliseconds (EVT-055, EVT-060). */
export const VIEW_DEADLINE_MS = 2000;
/** A jump of the Lamport clock that ordinary traffic during a case does not make. */
export const FAR_AHEAD = 1000;
/** A jump that all cases of a run together do not make; only for events that have to be rejected. */
export const OUT_OF_REACH = 1_000_000;
const ADVERTISED_BYTES = 4096;
/** How often a head is given the chance to stay where it is, and the pause before, growing with each attempt. */
const HEAD_ATTEMPTS = 10;
const HEAD_PAUSE_MS = 50;

/** A push that was counted. */
export interface Counted {
  readonly answer: HttpAnswer;
  readonly accepted: number;
  readonly rejected: number;
  readonly reasons: readonly JsonObject[];
  /** `new_head_lamport`, else `new_head`; undefined where neither is there. */
  readonly head: Json | undefined;
}

/** Raises the first difference, with the exchange of the answer. */
export function judged({ must }: CaseContext, answer: AnswerView, ...verdicts: readonly Verdict[]): void {
  must.all(...verdicts.map((verdict) => of(answer, verdict)));
}

/** The counts of a push; anything but a 200 object with two counts is a violation. */
export function counted(context: CaseContext, answer: HttpAnswer): Counted {
  const body = context.must.get(okObject(answer));
  judged(context, answer, isInteger(body.accepted, "accepted", 0), isInteger(body.rejected, "rejected", 0));
  return {
    answer,
    accepted: Number(body.accepted),
    rejected: Number(body.rejected),
    reasons: Array.isArray(body.rejected_reasons) ? body.rejected_reasons.filter(isObject) : [],
    head: body.new_head_lamport ?? body.new_head,
  };
}

/** Pushes events in one request and counts. */
export async function pushed(context: CaseContext, ...events: readonly (EventEnvelope | Json)[]): Promise<Counted> {
  return counted(context, await context.target.push(events));
}

/** The push was taken as a whole. */
export function accepts(context: CaseContext, push: Counted, count: number, what: string): void {
  context.must.hold(
    push.accepted === count && push.rejected === 0,
    `accepted ${count} and rejected 0 for ${what}`,
    describe(push.answer),
    push.answer.exchange,
  );
}

/** The push of one event was refused, and nothing accepted. */
export function rejects(context: CaseContext, push: Counted, what: string): void {
  context.must.hold(
    push.accepted === 0 && push.rejected === 1,
    `accepted 0 and rejected 1 for ${what}`,
    describe(push.answer),
    push.answer.exchange,
  );
}

/** The reason given for an event is the code; a target that lists no reasons is judged by EVT-010. */
export function reasonFor(context: CaseContext, push: Counted, eventId: string, code: string): void {
  const entry = push.reasons.find((reason) => reason.event_id === eventId);
  if (entry === undefined) return context.note(`no reason was given for the rejected event ${eventId}`);
  context.must.hold(entry.reason === code, `reason ${code} for the rejected event`, entry, push.answer.exchange);
}

/** Sets something up by a push; a target that refuses it cannot be judged. */
export async function given(context: CaseContext, what: string, ...events: readonly EventEnvelope[]): Promise<void> {
  const answer = await context.target.push(events);
  const body = tryParseJson(answer.body);
  if (answer.status !== 200 || !isObject(body) || body.rejected !== 0) {
    context.inconclusive(`${what} could not be set up: ${describe(answer)}`);
  }
}

/** A content id that nobody holds. */
function madeUpCid({ target }: CaseContext): string {
  const bytes = target.random(`cid-${target.id()}`).bytes(32);
  return `blake3:${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** A small event without consequences: the author advertises a blob. */
export function advertisement(
  context: CaseContext,
  author: Actor | Identity,
  options: EventOptions = {},
): Promise<EventEnvelope> {
  const data = { cid: madeUpCid(context), sizes_bytes: ADVERTISED_BYTES };
  return context.target.event(author, "file.cid.advertised", data, options);
}

/** Changes an event after it was signed. */
export function tampered(event: EventEnvelope, change: JsonObject): Json {
  return { ...event, ...change } as unknown as Json;
}

/** An event with members that the types rule out, correctly signed over what it has. */
export function oddEvent(
  signer: Actor,
  event: EventEnvelope,
  change: JsonObject,
  leaveOut: readonly string[] = [],
): Json {
  const { signature: _, ...unsigned } = event;
  const members = Object.entries({ ...unsigned, ...change }).filter(([name]) => !leaveOut.includes(name));
  return signDocument(signer.identity, Object.fromEntries(members)) as unknown as Json;
}

/** The head for sync; a target that does not tell it cannot be judged here. */
export async function headOf(context: CaseContext, session: Session = context.target): Promise<number> {
  const head = await session.head();
  return head ?? context.inconclusive("the head for sync cannot be read");
}

/** The head has reached a Lamport value. */
export async function headReaches(context: CaseContext, lamport: number): Promise<void> {
  const head = await headOf(context);
  context.must.hold(head >= lamport, `a head of at least ${lamport}`, head, context.target.lastExchange);
}

/** Whether the node was made for this case, so that nobody else writes into its log. */
export function alone({ target }: CaseContext): boolean {
  return target.profile.features.has("fresh");
}

/**
 * What is done does not move the head. Others may write meanwhile: one quiet attempt is enough, and a head that also
 * moves when nothing is done says nothing.
 */
export async function headStays(context: CaseContext, act: () => Promise<void>): Promise<void> {
  const moves = async (doing: () => Promise<void>) => {
    const before = await headOf(context);
    await doing();
    return { before, after: await headOf(context) };
  };
  let seen = await moves(act);
  for (let i = 1; i < HEAD_ATTEMPTS && seen.after !== seen.before; i++) {
    if (!alone(context)) await context.target.sleep(i * HEAD_PAUSE_MS);
    seen = await moves(act);
  }
  if (seen.after === seen.before) return;
  const { lastExchange } = context.target;
  for (let i = 0; i < HEAD_ATTEMPTS && !alone(context); i++) {
    const idle = await moves(() => Promise.resolve());
    if (idle.after !== idle.before) return context.inconclusive("others wrote events all the time");
  }
  context.must.hold(false, `the head stays at ${seen.before}`, seen.after, lastExchange);
}
