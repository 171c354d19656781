/** Calls the node makes to its peers. X01 §4.2, §5; CONTRACT §5.1, §9. */

import { describe, errorCode, holds, matches, of, refusedWith, status } from "../../../src/check/mod.ts";
import {
  CALL_HEADERS,
  type CallEnvelope,
  NODE_ID_PATTERN,
  SIGNATURE_PATTERN,
  TIMESTAMP_PATTERN,
  ULID_PATTERN,
  verifyCall,
  VERSION_PATTERN,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { peerCertificate } from "../../../src/target/peer_certificate.ts";
import { peerAnswer, type PeerCall, type PeerHost, type PeerOptions } from "../../../src/target/peer_host.ts";
import { encodeAnswer, type HttpAnswer, type Reply, WireError } from "../../../src/wire/mod.ts";
import { echoName, hostEcho } from "./echo_peer.ts";

/** TRN-076: pause between the calls, and when an unused connection is closed after them, in milliseconds. */
const BETWEEN_CALLS_MS = 5_000;
const IDLE_MS = [55_000, 75_000] as const;
const IDLE_DEADLINE_MS = 85_000;
/** TRN-078. */
const TIMEOUT_MS = [5_000, 35_000] as const;
const TIMEOUT_DEADLINE_MS = 50_000;
/** Time for a target to notice a new peer, in milliseconds. */
const ADMISSION_MS = 40_000;
const LOOK_EVERY_MS = 250;

const NEEDS = ["members:2"] as const;

/** Forms of the seven headers. */
const FORMS: Readonly<Record<Exclude<keyof typeof CALL_HEADERS, "token">, RegExp>> = {
  capability: /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/,
  version: VERSION_PATTERN,
  request_id: ULID_PATTERN,
  from: NODE_ID_PATTERN,
  community: NODE_ID_PATTERN,
  timestamp: TIMESTAMP_PATTERN,
  signature: SIGNATURE_PATTERN,
};

/** A peer, its capability, and a member who calls it. */
interface Routed {
  readonly name: string;
  readonly peer: PeerHost;
  readonly caller: Actor;
}

async function routed(context: CaseContext, options: Partial<PeerOptions> = {}): Promise<Routed> {
  const name = echoName(context);
  const peer = await hostEcho(context, name, options);
  return { name, peer, caller: await context.actors.member("alice") };
}

function callEcho({ target }: CaseContext, { name, caller }: Routed, deadlineMs?: number): Promise<HttpAnswer> {
  return target.call(caller, name, { text: "over to you" }, {
    version: "1.0",
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });
}

/** One call through the peer; a target that never routes it makes the case inconclusive. */
async function firstCall(context: CaseContext, route: Routed): Promise<{ answer: HttpAnswer; call: PeerCall }> {
  let answer: HttpAnswer | undefined;
  const call = await context.until(
    async () => {
      answer = await callEcho(context, route);
      return route.peer.calls[0];
    },
    ADMISSION_MS,
    LOOK_EVERY_MS,
  );
  if (call === undefined || answer === undefined) return context.inconclusive("the target routed no call to the peer");
  return { answer, call };
}

function headerOf(call: PeerCall, name: string): string | undefined {
  return call.headers.find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1];
}

/** When the target closed the connection; undefined if it did not within the deadline. */
async function closedAt(reply: Reply, now: () => number, deadlineMs: number): Promise<number | undefined> {
  const until = now() + deadlineMs;
  try {
    while (await reply.connection.read(until - now()) !== null);
    return now();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return error.kind === "deadline" ? undefined : now();
  }
}

export const outboundCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/outbound-calls-carry-the-headers",
    requirement: "TRN-074",
    brokenBy: ["outbound-without-timestamp", "outbound-without-community", "outbound-from-caller"],
    effects: "none",
    alsoNeeds: NEEDS,
    async run(context) {
      const { target, must } = context;
      const { answer, call } = await firstCall(context, await routed(context));
      for (const [member, pattern] of Object.entries(FORMS)) {
        const name = CALL_HEADERS[member as keyof typeof FORMS];
        must(of(answer, matches(headerOf(call, name), pattern, `${name} of the outbound call`)));
      }
      const from = headerOf(call, CALL_HEADERS.from);
      must(of(answer, holds(from === target.nodeId, `${CALL_HEADERS.from}: ${target.nodeId}`, from)));
    },
  }),
  defineCase({
    id: "core/transport/outbound-calls-are-signed",
    requirement: "TRN-075",
    brokenBy: ["outbound-signature-of-caller", "outbound-body-not-signed"],
    effects: "none",
    alsoNeeds: NEEDS,
    async run(context) {
      const { target, must } = context;
      const { answer, call } = await firstCall(context, await routed(context));
      const text = (name: string) => headerOf(call, name) ?? "";
      const envelope: CallEnvelope = {
        capability: call.capability,
        version: call.version,
        request_id: text(CALL_HEADERS.request_id),
        from: text(CALL_HEADERS.from),
        community: text(CALL_HEADERS.community),
        timestamp: text(CALL_HEADERS.timestamp),
        body: call.body ?? null,
      };
      const signature = text(CALL_HEADERS.signature);
      must(of(answer, holds(envelope.from === target.nodeId, `a call from ${target.nodeId}`, envelope.from)));
      must(of(
        answer,
        holds(verifyCall(envelope, signature), "a signature over the received envelope by the node's key", signature),
      ));
    },
  }),
  defineCase({
    id: "core/transport/peer-connections-are-kept-for-a-minute",
    requirement: "TRN-076",
    brokenBy: ["peer-connection-per-call", "peer-connections-never-closed"],
    effects: "none",
    alsoNeeds: NEEDS,
    timed: true,
    async run(context) {
      const { target, should } = context;
      let closed: { readonly after: number | undefined } | undefined;
      const route = await routed(context, {
        onCall: async (_, reply) => {
          const answer = peerAnswer(200, { output: {}, meta: { ms: 1 } });
          if (route.peer.calls.length < 2) return answer;
          await reply.write(encodeAnswer(answer));
          const answered = target.mono();
          const at = await closedAt(reply, () => target.mono(), IDLE_DEADLINE_MS);
          closed = { after: at === undefined ? undefined : at - answered };
          return "close";
        },
      });
      const { call: first } = await firstCall(context, route);
      await target.sleep(BETWEEN_CALLS_MS);
      const answer = await callEcho(context, route);
      const second = route.peer.calls[1];
      if (second === undefined) return context.inconclusive("the second call was not routed to the peer");
      should(
        of(
          answer,
          holds(second.connectionId === first.connectionId, "both calls on one connection", "two connections"),
        ),
      );
      await context.until(() => Promise.resolve(closed), IDLE_DEADLINE_MS + IDLE_MS[0], LOOK_EVERY_MS);
      const after = closed?.after;
      const [least, most] = IDLE_MS;
      should(of(
        answer,
        holds(
          after !== undefined && after >= least && after <= most,
          `the idle connection closed after ${least} to ${most} ms`,
          after === undefined ? "still open" : `${Math.round(after)} ms`,
        ),
      ));
    },
  }),
  defineCase({
    id: "core/transport/peer-certificate-is-pinned",
    requirement: "TRN-077",
    brokenBy: ["peer-certificate-not-pinned"],
    effects: "none",
    alsoNeeds: NEEDS,
    async run(context) {
      const { target, actors, must } = context;
      const { identity } = await actors.member("paula");
      const validFrom = target.wall();
      const route = await routed(context, { tls: await peerCertificate(identity, { serial: 1, validFrom }) });
      await firstCall(context, route);
      const before = route.peer.calls.length;
      await route.peer.stop();
      route.peer.change({ tls: await peerCertificate(identity, { serial: 2, validFrom }) });
      await route.peer.listen();
      const answer = await callEcho(context, route);
      const reached = route.peer.calls.length - before;
      must(of(answer, holds(reached === 0, "no call behind the new certificate", `${reached} calls reached the peer`)));
      must(refusedWith(answer, "partition", "not_found"));
    },
  }),
  defineCase({
    id: "core/transport/silent-peer-times-out",
    requirement: "TRN-078",
    brokenBy: ["silent-peer-waited-for", "silent-peer-is-internal-error"],
    effects: "none",
    alsoNeeds: NEEDS,
    timed: true,
    async run(context) {
      const { must } = context;
      const route = await routed(context, { onCall: () => "swallow" });
      const answer = await callEcho(context, route, TIMEOUT_DEADLINE_MS);
      if (route.peer.calls.length === 0) return context.inconclusive("the target routed no call to the peer");
      must(refusedWith(answer, "timeout"));
      const ms = answer.endedAt - answer.startedAt;
      const [least, most] = TIMEOUT_MS;
      must(
        of(answer, holds(ms >= least && ms <= most, `408 after ${least} to ${most} ms`, `after ${Math.round(ms)} ms`)),
      );
    },
  }),
  defineCase({
    id: "core/transport/unreachable-peer-is-partition",
    requirement: "TRN-079",
    brokenBy: ["unreachable-peer-is-internal-error"],
    effects: "none",
    alsoNeeds: NEEDS,
    async run(context) {
      const { must } = context;
      const route = await routed(context);
      await route.peer.stop();
      const answer = await callEcho(context, route);
      if (errorCode(answer) === "not_found") must(status(answer, 404));
      else must(of(answer, refusedWith(answer, "partition")));
      must(of(answer, holds(answer.status !== 500, "no internal error", describe(answer))));
    },
  }),
];
