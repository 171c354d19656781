/** chat.send. CONTRACT §4.15; M10. */

import {
  equals,
  hasMembers,
  holds,
  isNumber,
  matches,
  meta,
  of,
  oneOf,
  output,
  refusedAsBadBody,
  refusedWith,
} from "../../../src/check/mod.ts";
import { type JsonObject, shortId, ULID_PATTERN, verifyEvent } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { judged } from "../../core/events/helpers.ts";
import { loggedTimes, messageInput, pair, send, sendInput, SENT, sentAndLogged } from "./helpers.ts";

const DELIVERED = ["direct", "forwarded", "queued"];
/** Requests sent at once. */
const RETRIES = 5;
/** Seconds a subscription waits for a message. */
const POLL_SECONDS = 1;
/** Composed and decomposed letters, an emoji of several code points, markup, two lines. */
const RICH_BODY = "Grüße aus der Küche\nzum o\u0308ffnen 👩‍🍳 bitte <b>klopfen</b> & warten";

/** A call with an input is refused as a bad body. */
async function refuses(context: CaseContext, input: JsonObject): Promise<void> {
  const [alice] = await pair(context);
  context.must(refusedAsBadBody(await context.target.call(alice, "chat.send", input)));
}

/** A content id that nobody holds. */
function madeUpCid({ random }: CaseContext): string {
  return `blake3:${random.bytes(32).toHex()}`;
}

export const sendCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/chat/send-answer-form",
    requirement: "CHT-001",
    brokenBy: ["send-answers-ok"],
    effects: "writes",
    async run(context) {
      const [alice, bob] = await pair(context);
      const { answer, output: sent } = await send(context, alice, bob);
      judged(
        context,
        answer,
        matches(sent.event_id, ULID_PATTERN, "output.event_id"),
        hasMembers(sent, ["delivered"], "output"),
        isNumber(meta(answer).ms, "meta.ms", 0),
      );
    },
  }),
  defineCase({
    id: "services/chat/send-delivered-word",
    requirement: "CHT-002",
    brokenBy: ["send-delivered-as-boolean"],
    effects: "writes",
    async run(context) {
      const [alice, bob] = await pair(context);
      const { answer, output: sent } = await send(context, alice, bob);
      judged(context, answer, oneOf(sent.delivered, DELIVERED, "output.delivered"));
    },
  }),
  defineCase({
    id: "services/chat/send-to-absent-is-queued",
    requirement: "CHT-003",
    brokenBy: ["send-always-direct"],
    effects: "writes",
    async run(context) {
      const [alice, bob] = await pair(context);
      const { answer, output: sent } = await send(context, alice, bob);
      const offered = context.target.advertised("chat.forward.put") !== undefined;
      const allowed = offered ? ["queued", "forwarded"] : ["queued"];
      context.should(of(answer, oneOf(sent.delivered, allowed, "output.delivered to a member who never connected")));
    },
  }),
  defineCase({
    id: "services/chat/send-to-present-is-direct",
    requirement: "CHT-004",
    brokenBy: ["send-always-queued"],
    effects: "writes",
    async run(context) {
      const { target, should } = context;
      const [alice, bob] = await pair(context);
      await target.introduce(await target.hostPeer({ name: "bob", identity: bob.identity, capabilities: [] }));
      const [{ answer, output: sent }] = await Promise.all([
        send(context, alice, bob),
        target.poll(`chat.message.${bob.id}`, { timeout: POLL_SECONDS, lastSeq: 0 }),
      ]);
      should(of(answer, equals(sent.delivered, "direct", "output.delivered to a member who is reachable")));
    },
  }),
  defineCase({
    id: "services/chat/send-logs-one-event",
    requirement: "CHT-005",
    brokenBy: ["send-invents-event-id"],
    effects: "writes",
    async run(context) {
      const attachments = [{ cid: madeUpCid(context), name: "plan.pdf" }];
      const { message: { answer, input, lamport }, event } = await sentAndLogged(context, { attachments });
      const names = ["client_id", "recipient", "body", "attachments"] as const;
      judged(
        context,
        answer,
        equals(event.event_type, SENT, "event_type"),
        equals(event.lamport, lamport, "lamport of the event, as in output,"),
        ...names.map((name) => equals(event.data[name], input[name], `data.${name}`)),
      );
    },
  }),
  defineCase({
    id: "services/chat/send-event-verifies",
    requirement: "CHT-006",
    brokenBy: ["message-changed-after-signing"],
    effects: "writes",
    async run(context) {
      const { message: { answer }, event } = await sentAndLogged(context);
      const sound = verifyEvent(event);
      judged(context, answer, holds(sound, "a signature of author over the canonical envelope", event.signature));
    },
  }),
  defineCase({
    id: "services/chat/send-lamport-grows",
    requirement: "CHT-007",
    brokenBy: ["message-lamport-starts-over"],
    effects: "writes",
    async run(context) {
      const [alice, bob] = await pair(context);
      const first = await send(context, alice, bob);
      const second = await send(context, alice, bob);
      const grows = second.lamport > first.lamport;
      judged(context, second.answer, holds(grows, `a lamport above ${first.lamport}`, `${second.lamport}`));
    },
  }),
  defineCase({
    id: "services/chat/send-repeated-adds-nothing",
    requirement: "CHT-008",
    brokenBy: ["send-repeats-are-new"],
    effects: "writes",
    async run(context) {
      const [alice, bob] = await pair(context);
      const observer = await context.target.eventSubscribe([SENT]);
      const first = await send(context, alice, bob);
      const second = await sendInput(context, alice, first.input);
      judged(
        context,
        second.answer,
        equals(second.eventId, first.eventId, "output.event_id of the repeat"),
        equals(second.lamport, first.lamport, "output.lamport of the repeat"),
      );
      await loggedTimes(context, observer, first.input.client_id, 1);
    },
  }),
  defineCase({
    id: "services/chat/send-edited-retry-changes-nothing",
    requirement: "CHT-009",
    brokenBy: ["send-edited-retry-is-new"],
    effects: "writes",
    async run(context) {
      const [alice, bob] = await pair(context);
      const observer = await context.target.eventSubscribe([SENT]);
      const first = await send(context, alice, bob);
      const retry = await sendInput(context, alice, { ...first.input, body: "The soup is cold" });
      judged(context, retry.answer, equals(retry.eventId, first.eventId, "output.event_id of the retry"));
      for (const { data } of await loggedTimes(context, observer, first.input.client_id, 1)) {
        judged(context, retry.answer, equals(data.body, first.input.body, "data.body"));
      }
    },
  }),
  defineCase({
    id: "services/chat/send-equal-bodies-are-two-messages",
    requirement: "CHT-010",
    brokenBy: ["send-deduplicates-by-body"],
    effects: "writes",
    async run(context) {
      const [alice, bob] = await pair(context);
      const observer = await context.target.eventSubscribe([SENT]);
      const first = await send(context, alice, bob);
      const second = await send(context, alice, bob);
      judged(context, second.answer, holds(second.eventId !== first.eventId, "another event_id", second.eventId));
      for (const { input } of [first, second]) await loggedTimes(context, observer, input.client_id, 1);
    },
  }),
  defineCase({
    id: "services/chat/send-parallel-retries-make-one",
    requirement: "CHT-011",
    brokenBy: ["send-looks-before-it-appends"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const [alice, bob] = await pair(context);
      const observer = await target.eventSubscribe([SENT]);
      const input = messageInput(context, bob.id);
      const answers = await Promise.all(
        Array.from({ length: RETRIES }, () => target.call(alice, "chat.send", input)),
      );
      const taken = answers.filter(({ status }) => status === 200);
      must.hold(taken.length > 0, "one of five parallel sends succeeds", answers.map(({ status }) => status));
      const ids = taken.map((answer) => must.get(output(answer)).event_id);
      must.hold(new Set(ids).size === 1, "one event_id in all answers", ids, taken[0]?.exchange);
      await loggedTimes(context, observer, input.client_id, 1);
    },
  }),
  defineCase({
    id: "services/chat/send-needs-client-id-and-recipient",
    requirement: "CHT-012",
    brokenBy: ["send-makes-up-client-id"],
    effects: "none",
    async run(context) {
      const { client_id, recipient, ...rest } = messageInput(context, (await pair(context))[1].id);
      await refuses(context, { ...rest, recipient: recipient ?? null });
      await refuses(context, { ...rest, client_id: client_id ?? null });
    },
  }),
  defineCase({
    id: "services/chat/send-refuses-odd-recipients",
    requirement: "CHT-013",
    brokenBy: ["send-to-any-text"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const [alice, bob] = await pair(context);
      const observer = await target.eventSubscribe([SENT]);
      for (const recipient of [shortId(bob.id), "", "MEM2"]) {
        const input = messageInput(context, recipient);
        const answer = await target.call(alice, "chat.send", input);
        must(refusedWith(answer, "bad_request", "schema_mismatch", "not_found"));
        await loggedTimes(context, observer, input.client_id, 0);
      }
    },
  }),
  defineCase({
    id: "services/chat/send-refuses-non-members",
    requirement: "CHT-014",
    brokenBy: ["send-to-nobody"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const observer = await target.eventSubscribe([SENT]);
      const input = messageInput(context, actors.fresh("nobody").id);
      must(refusedWith(await target.call(await actors.member("alice"), "chat.send", input), "not_found"));
      await loggedTimes(context, observer, input.client_id, 0);
    },
  }),
  defineCase({
    id: "services/chat/send-refuses-the-node-itself",
    requirement: "CHT-015",
    brokenBy: ["send-to-itself"],
    effects: "none",
    async run(context) {
      await refuses(context, messageInput(context, context.target.nodeId));
    },
  }),
  defineCase({
    id: "services/chat/send-refuses-empty-messages",
    requirement: "CHT-016",
    brokenBy: ["send-of-nothing"],
    effects: "none",
    async run(context) {
      const [, bob] = await pair(context);
      await refuses(context, messageInput(context, bob.id, { body: "" }));
      await refuses(context, messageInput(context, bob.id, { body: "", attachments: [] }));
    },
  }),
  defineCase({
    id: "services/chat/send-keeps-attachments",
    requirement: "CHT-017",
    brokenBy: ["send-needs-held-attachments"],
    effects: "writes",
    async run(context) {
      const attachments = [{ cid: madeUpCid(context), name: "Übersicht.pdf" }];
      const { message: { answer }, event } = await sentAndLogged(context, { attachments });
      judged(context, answer, equals(event.data.attachments, attachments, "data.attachments"));
    },
  }),
  defineCase({
    id: "services/chat/send-keeps-text",
    requirement: "CHT-018",
    brokenBy: ["send-escapes-markup", "send-normalises-unicode"],
    effects: "writes",
    async run(context) {
      const { message: { answer }, event } = await sentAndLogged(context, { body: RICH_BODY });
      judged(
        context,
        answer,
        equals(event.data.body, RICH_BODY, "data.body"),
        holds(verifyEvent(event), "a signature that verifies", event.signature),
      );
    },
  }),
  defineCase({
    id: "services/chat/send-refuses-strangers",
    requirement: "CHT-019",
    brokenBy: ["send-open-to-strangers"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const alice = await actors.member("alice");
      const observer = await target.eventSubscribe([SENT]);
      const input = messageInput(context, alice.id);
      must(refusedWith(await target.call(actors.stranger(), "chat.send", input), "unauthorized"));
      await loggedTimes(context, observer, input.client_id, 0);
    },
  }),
  defineCase({
    id: "services/chat/send-refuses-revoked",
    requirement: "CHT-020",
    brokenBy: ["revoked-answered-as-strangers", "revoked-still-served"],
    effects: "harm",
    async run(context) {
      const { target, actors, must } = context;
      const alice = await actors.member("alice");
      const answer = await target.call(await actors.revoked(), "chat.send", messageInput(context, alice.id));
      must(refusedWith(answer, "revoked"));
    },
  }),
];
