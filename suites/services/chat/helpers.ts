/** Messages, receipts and histories as the chat cases use them. */

import {
  type AnswerView,
  type Checked,
  describe,
  errorCode,
  holds,
  isInteger,
  of,
  output,
} from "../../../src/check/mod.ts";
import { type EventEnvelope, isObject, type Json, type JsonObject } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { EventObserver } from "../../../src/target/observer.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { given, VIEW_DEADLINE_MS } from "../../core/events/helpers.ts";

export const SENT = "chat.message.sent";
/** Most messages of a history without limit (CONTRACT §4.16). */
const HISTORY_LIMIT = 200;

/** How long a call is repeated that was refused for its rate, and time between two attempts, in milliseconds. */
const REFUSED_FOR_MS = 10_000;
const REFUSED_EVERY_MS = 150;

/**
 * A call that is made again while its rate is refused: where cases share a node, they share the budget of the node's
 * own identity (CONTRACT §8).
 */
async function patientCall(
  context: CaseContext,
  caller: Actor,
  capability: string,
  input: JsonObject,
): Promise<HttpAnswer> {
  const call = () => context.target.call(caller, capability, input);
  const taken = await context.until(
    async () => {
      const answer = await call();
      return errorCode(answer) === "rate_limited" ? undefined : answer;
    },
    REFUSED_FOR_MS,
    REFUSED_EVERY_MS,
  );
  return taken ?? await call();
}

/** Input of chat.send. */
export function messageInput({ target }: CaseContext, recipient: string, more: JsonObject = {}): JsonObject {
  return { client_id: target.id(), recipient, body: "The soup is ready", ...more };
}

/** A message that was sent by call. */
export interface SentMessage {
  readonly answer: HttpAnswer;
  readonly input: JsonObject;
  readonly output: JsonObject;
  readonly eventId: string;
  readonly lamport: number;
}

/** chat.send with an input as it is; an answer without event_id and lamport is a violation. */
export async function sendInput(context: CaseContext, sender: Actor, input: JsonObject): Promise<SentMessage> {
  const { target, must } = context;
  const answer = await patientCall(context, sender, "chat.send", input);
  const sent = must.get(output(answer));
  must.all(
    of(answer, isInteger(sent.lamport, "output.lamport", 1)),
    of(answer, holds(typeof sent.event_id === "string", "output.event_id is a string", sent)),
  );
  target.sawLamport(Number(sent.lamport));
  return { answer, input, output: sent, eventId: String(sent.event_id), lamport: Number(sent.lamport) };
}

/** Sends a message with further members. */
export function send(
  context: CaseContext,
  sender: Actor,
  recipient: Actor,
  more: JsonObject = {},
): Promise<SentMessage> {
  return sendInput(context, sender, messageInput(context, recipient.id, more));
}

/** Two members: a sender and a recipient. */
export async function pair({ actors }: CaseContext): Promise<readonly [Actor, Actor]> {
  return [await actors.member("alice"), await actors.member("bob")];
}

/** The logged event of a message; one that is not logged is a violation. */
export async function loggedMessage(
  context: CaseContext,
  observer: EventObserver,
  { eventId, answer }: SentMessage,
): Promise<EventEnvelope> {
  const event = await observer.find(({ event_id }) => event_id === eventId, VIEW_DEADLINE_MS);
  return context.must.get(
    event === undefined
      ? {
        difference: { expected: `the event ${eventId} in the log`, observed: "it is not", exchange: answer.exchange },
      }
      : { value: event },
  );
}

/** Sends a message and reads its event. */
export async function sentAndLogged(
  context: CaseContext,
  more: JsonObject = {},
): Promise<{ readonly message: SentMessage; readonly event: EventEnvelope }> {
  const [alice, bob] = await pair(context);
  const observer = await context.target.eventSubscribe([SENT]);
  const message = await send(context, alice, bob, more);
  return { message, event: await loggedMessage(context, observer, message) };
}

/** As many events as given carry a client id, as far as events can be seen. */
export async function loggedTimes(
  context: CaseContext,
  observer: EventObserver,
  clientId: Json | undefined,
  count: number,
): Promise<readonly EventEnvelope[]> {
  if (!observer.complete) return [];
  const found = (await observer.events()).filter(({ data }) => data.client_id === clientId);
  context.must.hold(
    found.length === count,
    `${count} logged messages with the client_id ${clientId}`,
    `${found.length}`,
    context.target.lastExchange,
  );
  return found;
}

/** A signed message of a member, to be pushed. */
export function messageEvent(
  { target }: CaseContext,
  author: Actor,
  recipient: string,
  more: { readonly body?: string; readonly lamport?: number; readonly wallClock?: string } = {},
): Promise<EventEnvelope> {
  const { body = "Bring wood, please", ...options } = more;
  const data = { client_id: target.id(), recipient, body, attachments: [] };
  return target.event(author, SENT, data, options);
}

/** A signed receipt, to be pushed. */
export function receiptEvent(
  { target }: CaseContext,
  author: Actor,
  kind: "delivered" | "read",
  messageId: string,
): Promise<EventEnvelope> {
  const data = { target_event_id: messageId, [`${kind}_at`]: target.now() };
  return target.event(author, `chat.message.${kind}`, data);
}

/** What the node's own history showed. */
export interface History {
  readonly messages: readonly JsonObject[];
  readonly answer: HttpAnswer;
}

/** `output.messages`: objects only. */
export function messagesOf(answer: AnswerView): Checked<readonly JsonObject[]> {
  const checked = output(answer);
  if ("difference" in checked) return checked;
  const { messages } = checked.value;
  if (Array.isArray(messages) && messages.every((entry) => isObject(entry))) return { value: messages as JsonObject[] };
  const expected = "an array of objects messages";
  return { difference: { expected, observed: describe(answer), exchange: answer.exchange } };
}

/** chat.history with the node's own key; anything but a list of messages is a violation. */
export async function history(context: CaseContext, input: JsonObject = {}): Promise<History> {
  const answer = await patientCall(context, context.actors.self(), "chat.history", input);
  return { messages: context.must.get(messagesOf(answer)), answer };
}

/** Members of an input that narrow a history to what is newer than just before a Lamport value. */
export function from(lamport: number): JsonObject {
  // Two below, because whether the boundary itself is included is not judged.
  return { since_lamport: Math.max(0, lamport - 2), limit: HISTORY_LIMIT };
}

/** The entry with an event id. */
export function withId(messages: readonly JsonObject[], eventId: string): JsonObject | undefined {
  return messages.find((message) => message.event_id === eventId);
}

/** The history once a message is in it; one that never comes is a violation. */
export async function historyWith(
  context: CaseContext,
  { event_id: eventId }: { readonly event_id: string },
  input: JsonObject,
): Promise<History & { readonly entry: JsonObject }> {
  let last = await history(context, input);
  const found = () => withId(last.messages, eventId);
  if (found() === undefined) {
    await context.until(async () => {
      last = await history(context, input);
      return found() === undefined ? undefined : true;
    }, VIEW_DEADLINE_MS);
  }
  const entry = found();
  context.must(of(last.answer, holds(entry !== undefined, `the message ${eventId} in the history`, "it is not")));
  return { ...last, entry: entry ?? {} };
}

/** Pushes a message from a member to the node and waits until the history shows it. */
export async function marker(context: CaseContext, author: Actor): Promise<void> {
  const event = await messageEvent(context, author, context.target.nodeId, { body: "Marker" });
  await given(context, "a further message", event);
  await historyWith(context, event, from(event.lamport));
}
