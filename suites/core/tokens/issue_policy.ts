/** auth.token.issue: what is refused, what repeats, and what of it is written to the log. */

import {
  equals,
  isInteger,
  isText,
  member,
  oneOf,
  output,
  refusedAsBadBody,
  refusedWith,
  shown,
} from "../../../src/check/mod.ts";
import { type EventEnvelope, parseTimestamp, TOKEN_DEFAULT_TTL_SECONDS } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { EventObserver } from "../../../src/target/observer.ts";
import {
  claims,
  issue,
  issued,
  type IssueRequest,
  mint,
  noteStatus,
  policySeconds,
  present,
  revoke,
  segment,
  segmentsOf,
  tokenOf,
  usual,
} from "./helpers.ts";

const ISSUED = "auth.token.issued";
const REVOKED = "auth.token.revoked";
/** Time a node has to write an event that belongs to an answered call, in milliseconds. */
const LOG_DEADLINE_MS = 2000;

function about(event: EventEnvelope, type: string, id: string): boolean {
  return event.event_type === type && event.data.token_id === id;
}

/** The only event about a token; more than one is a failure, none is `undefined`. */
async function onlyEvent(
  { must }: CaseContext,
  observer: EventObserver,
  type: string,
  id: string,
): Promise<EventEnvelope | undefined> {
  const event = await observer.find((candidate) => about(candidate, type, id), LOG_DEADLINE_MS);
  const all = (await observer.events()).filter((candidate) => about(candidate, type, id));
  must.hold(all.length <= 1, `one ${type} event about the token`, `${all.length}`);
  return event;
}

export const issuePolicyCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/tokens/default-lifetime",
    requirement: "TOK-010",
    brokenBy: ["token-default-life-30-days"],
    effects: "writes",
    async run({ target, actors, should }) {
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const wanted = Math.min(TOKEN_DEFAULT_TTL_SECONDS, await policySeconds(target));
      const { subject, scope } = usual(target, bob.id);
      const out = should.get(output(await issue(target, alice, { subject, scope })));
      should(isText(out.token, "output.token"));
      const payload = segment(String(out.token), 1);
      should.all(isInteger(payload?.iat, "payload.iat"), isInteger(payload?.exp, "payload.exp"));
      should(equals(Number(payload?.exp) - Number(payload?.iat), wanted, "payload.exp minus payload.iat"));
    },
  }),
  defineCase({
    id: "core/tokens/repeated-client-id-gives-the-same-token",
    requirement: "TOK-015",
    brokenBy: ["issue-repeats-mint-again"],
    effects: "writes",
    async run({ target, actors, should, note }) {
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const request: IssueRequest = { ...usual(target, bob.id), client_id: target.id() };
      const observer = await target.eventSubscribe([ISSUED]);
      const ids: unknown[] = [];
      for (let i = 0; i < 2; i++) {
        const out = should.get(output(await issue(target, alice, request)));
        ids.push(out.token_id ?? segment(String(out.token), 1)?.jti);
      }
      should(equals(ids[1], ids[0], "token_id of the repeat"));
      if (observer.way === "none") return note("events cannot be seen, their number was not judged");
      const events = (await observer.events()).filter(({ data }) => data.subject === bob.id);
      should.hold(events.length <= 1, `one ${ISSUED} event for the two calls`, `${events.length}`);
    },
  }),
  defineCase({
    id: "core/tokens/lifetime-above-the-policy",
    requirement: "TOK-016",
    brokenBy: ["token-life-unbounded"],
    effects: "none",
    async run({ target, actors, must }) {
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const limit = await policySeconds(target);
      const answer = await issue(target, alice, usual(target, bob.id, { ttl_seconds: limit + 1 }));
      const token = tokenOf(answer);
      if (token !== undefined) {
        const payload = segment(token, 1);
        must.hold(
          false,
          `no token, as ${limit + 1} s exceed the policy of ${limit} s`,
          `a token for ${Number(payload?.exp) - Number(payload?.iat)} s`,
          answer.exchange,
        );
      }
      must(refusedWith(answer, "bad_request", "unauthorized"));
    },
  }),
  defineCase({
    id: "core/tokens/scope-nobody-offers",
    requirement: "TOK-017",
    brokenBy: ["token-scope-unchecked"],
    effects: "none",
    async run({ target, actors, must }) {
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const scope = { capabilities: ["experimental.nosuch.thing@1.0"] };
      const answer = await issue(target, alice, usual(target, bob.id, { scope }));
      must(refusedWith(answer, "bad_request", "not_found", "unauthorized"));
    },
  }),
  defineCase({
    id: "core/tokens/strangers-get-no-token",
    requirement: "TOK-018",
    brokenBy: ["issue-open-to-strangers"],
    effects: "none",
    async run({ target, actors, must }) {
      const mallory = actors.stranger();
      must(refusedWith(await issue(target, mallory, usual(target, mallory.id)), "unauthorized"));
    },
  }),
  defineCase({
    id: "core/tokens/subject-and-scope-are-required",
    requirement: "TOK-019",
    brokenBy: ["issue-without-subject-is-bearer"],
    effects: "none",
    async run({ target, actors, must }) {
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { subject, scope } = usual(target, bob.id);
      for (const input of [{ scope }, { subject }]) {
        must(refusedAsBadBody(await target.call(alice, "auth.token.issue", { client_id: target.id(), ...input })));
      }
    },
  }),
  defineCase({
    id: "core/tokens/issuing-is-logged",
    requirement: "TOK-020",
    brokenBy: ["issue-not-logged"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const observer = await target.eventSubscribe([ISSUED]);
      const audience = target.communityId;
      const { id, payload } = await issued(context, alice, usual(target, bob.id, { audience }));
      const event = await onlyEvent(context, observer, ISSUED, id);
      must.hold(event !== undefined, `an ${ISSUED} event with token_id ${id}`, "none");
      const data = event?.data;
      must.all(
        equals(event?.author, target.nodeId, "author"),
        equals(data?.subject, payload.sub, "data.subject"),
        equals(member(data?.scope, "capabilities"), member(payload.scope, "capabilities"), "data.scope.capabilities"),
        equals(data?.audience, payload.aud, "data.audience"),
      );
      const expires = parseTimestamp(data?.expires_at);
      must.hold(expires !== undefined, "data.expires_at as an RFC 3339 timestamp", shown(data?.expires_at));
      must(equals((expires ?? NaN) / 1000, payload.exp, "data.expires_at in Unix seconds"));
    },
  }),
  defineCase({
    id: "core/tokens/log-holds-no-usable-token",
    requirement: "TOK-021",
    brokenBy: ["issue-logs-the-token"],
    effects: "writes",
    async run(context) {
      const { target, actors, must, inconclusive } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const observer = await target.eventSubscribe([ISSUED]);
      const { id, token } = await issued(context, alice, usual(target, bob.id));
      const event = await observer.find((candidate) => about(candidate, ISSUED, id), LOG_DEADLINE_MS);
      if (event === undefined) inconclusive(`no ${ISSUED} event about the token was seen`);
      const text = JSON.stringify(event);
      const [, , signature = ""] = segmentsOf(token);
      must.hold(!text.includes("hntoken://"), "an event without a token", text);
      must.hold(signature === "" || !text.includes(signature), "an event without the token's signature", text);
    },
  }),
  defineCase({
    id: "core/tokens/token-gets-no-further-token",
    requirement: "TOK-022",
    brokenBy: ["token-may-issue"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const entry = "auth.token.issue@1.0";
      const token = mint(alice, claims(target, alice.id, bob.id, { scope: { capabilities: [entry] } }));
      const input = { client_id: target.id(), ...usual(target, bob.id) };
      const body = { params: {}, input };
      const answer = await present(target, bob, token, { name: "auth.token.issue", version: "1.0", entry, body });
      must.hold(
        tokenOf(answer) === undefined && answer.status >= 400 && answer.status < 500,
        "a 4xx refusal and no token",
        `${answer.status} ${shown(new TextDecoder().decode(answer.body))}`,
        answer.exchange,
      );
      noteStatus(context, answer);
    },
  }),
  defineCase({
    id: "core/tokens/revoking-is-logged",
    requirement: "TOK-056",
    brokenBy: ["revocation-not-logged"],
    effects: "writes",
    async run(context) {
      const { target, actors, must, inconclusive } = context;
      const [alice, bob, theo] = [await actors.member("alice"), await actors.member("bob"), await actors.trusted()];
      const { id } = await issued(context, alice, usual(target, bob.id));
      const observer = await target.eventSubscribe([REVOKED]);
      const answer = await revoke(target, theo, id);
      if (answer.status !== 200) inconclusive(`the token could not be revoked: status ${answer.status}`);
      const event = await onlyEvent(context, observer, REVOKED, id);
      must.hold(event !== undefined, `an ${REVOKED} event with token_id ${id}`, "none", answer.exchange);
      must(oneOf(event?.data.reason, ["manual", "policy", "compromise"], "data.reason"));
    },
  }),
];
