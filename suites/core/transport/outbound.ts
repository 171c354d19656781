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
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { echoName, hostEcho } from "./echo_peer.ts";

/** TRN-076: pause between the calls, and when an unused connection is closed after them, in milliseconds. */
const BETWEEN_CALLS_MS = 5_000;
const IDLE_MS = [55_000, 75_000] as const;
const IDLE_DEADLINE_MS = 150_000;
/** Time the peer takes for a call, in milliseconds. */
const OVERLAP_MS = 100;
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

/** Time without a request on a connection until the target closed it, or until now. */
interface Idle {
  readonly ms: number;
  readonly closed: boolean;
}

/** The idle times of the connections that carried calls. */
function idleTimes({ target }: CaseContext, { calls, requests, closings }: PeerHost): readonly Idle[] {
  return [...new Set(calls.map(({ connectionId }) => connectionId))].map((id) => {
    const last = Math.max(...requests.filter(({ connectionId }) => connectionId === id).map(({ at }) => at));
    const closing = closings.find(({ connectionId }) => connectionId === id);
    return { ms: (closing?.at ?? target.mono()) - last, closed: closing !== undefined };
  });
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
      const route = await routed(context, {
        onCall: async (_, reply) => {
          // Calls side by side have to overlap, so that they take a connection each.
          await reply.pause(OVERLAP_MS);
          return peerAnswer(200, { output: {}, meta: { ms: 1 } });
        },
      });
      const { call: first } = await firstCall(context, route);
      await target.sleep(BETWEEN_CALLS_MS);
      const answer = await callEcho(context, route);
      const second = route.peer.calls[1];
      if (second === undefined) return context.inconclusive("the second call was not routed to the peer");
      const same = second.connectionId === first.connectionId;
      should(of(answer, holds(same, "both calls on one connection", "two connections")));
      // Manifests are fetched every 30 s, perhaps on a kept connection: of two, one has the chance to be idle.
      await Promise.all([callEcho(context, route), callEcho(context, route)]);
      const [least, most] = IDLE_MS;
      const over = await context.until(
        () => Promise.resolve(idleTimes(context, route.peer).find(({ ms, closed }) => closed || ms > most)),
        IDLE_DEADLINE_MS,
        LOOK_EVERY_MS,
      );
      if (over === undefined) return context.inconclusive("no connection was without traffic for long enough");
      should(of(
        answer,
        holds(
          over.closed && over.ms >= least && over.ms <= most,
          `an idle connection closed after ${least} to ${most} ms`,
          `${over.closed ? "closed" : "still open"} after ${Math.round(over.ms)} ms`,
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
      const tls = await peerCertificate(identity, { serial: 1, validFrom });
      const route = await routed(context, { tls, returns: true });
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
