/** Peers over time: capabilities that go, peers that fall silent, fail, and recover. */

import { describe, equals, errorCode, succeeded } from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { peerAnswer, type PeerHandler, type PeerHost } from "../../../src/target/peer_host.ts";
import { serve } from "../../../src/wire/mod.ts";
import { ECHO, echo, peerWith } from "./peering.ts";

/** A changed manifest is read within this time (BUS-049), with the pause between two looks. */
const NOTICED_MS = 60_000;
const LOOK_EVERY_MS = 4000;
/** A silent peer is out of use by then (BUS-050: 65 s, at most 90 s). */
const SILENT_MS = 90_000;
/** Calls a failing peer may get before it is taken out of rotation (BUS-051). */
const MOST_FAILURES = 10;
/** Calls made until the quarantine shows: so many in a row without the failing peer. */
const QUIET_CALLS = 5;
/** Pause between calls, in milliseconds: below the rate budget. */
const CALL_EVERY_MS = 200;
/** How long the quarantine is watched, and how often a call is made meanwhile. */
const WATCH_MS = 30_000;
const WATCH_EVERY_MS = 1000;
/** A call so long after the quarantine began is served by the recovered peer (BUS-052). */
const PROBED_FROM_MS = 62_000;
const PROBED_UNTIL_MS = 75_000;
const PROBE_EVERY_MS = 3000;

const good: PeerHandler = () => peerAnswer(200, { output: { ok: true }, meta: { ms: 1 } });
const failing: PeerHandler = () => peerAnswer(500, { error: "internal_error", message: "out of order" });

/**
 * A failing and a good peer. The failing one is alone at first, so that it does fail; then calls are made until none
 * reaches it any more.
 */
async function failingAndGood(
  context: CaseContext,
): Promise<{ readonly bad: PeerHost; readonly fine: PeerHost; readonly since: number }> {
  const { target, should, inconclusive } = context;
  const actor = await context.actors.member();
  const bad = await peerWith(context, "bad", undefined, failing);
  await echo(context, actor, "1.0");
  if (bad.calls.length === 0) inconclusive("no call reaches the failing peer");
  const fine = await peerWith(context, "fine", undefined, good);
  for (let quiet = 0; quiet < QUIET_CALLS;) {
    const before = bad.calls.length;
    await target.sleep(CALL_EVERY_MS);
    await echo(context, actor, "1.0");
    quiet = bad.calls.length > before ? 0 : quiet + 1;
    should.hold(
      bad.calls.length <= MOST_FAILURES,
      `at most ${MOST_FAILURES} calls to a peer that fails`,
      `${bad.calls.length}`,
    );
  }
  return { bad, fine, since: bad.calls.at(-1)?.at ?? target.mono() };
}

export const peerHealthCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/withdrawn-by-a-peer",
    requirement: "BUS-049",
    brokenBy: ["entries-of-peers-only-added"],
    effects: "none",
    async run(context) {
      const { must, until } = context;
      const peer = await peerWith(context, "peer");
      const actor = await context.actors.member();
      must(succeeded(await echo(context, actor, "1.0")));
      peer.change({ capabilities: [] });
      let last = "no answer";
      const gone = await until(
        async () => {
          const before = peer.calls.length;
          const answer = await echo(context, actor, "1.0");
          last = describe(answer);
          return errorCode(answer) === "not_found" && peer.calls.length === before ? true : undefined;
        },
        NOTICED_MS,
        LOOK_EVERY_MS,
      );
      must.hold(gone === true, `404 not_found and no call to the peer within ${NOTICED_MS} ms`, last);
    },
  }),
  defineCase({
    id: "core/bus/silent-peer",
    requirement: "BUS-050",
    brokenBy: ["silent-peers-kept"],
    effects: "none",
    async run(context) {
      const { should, target } = context;
      const peer = await peerWith(context, "peer");
      const actor = await context.actors.member();
      should(succeeded(await echo(context, actor, "1.0")));
      const { port } = peer;
      await peer.stop();
      const attempts: string[] = [];
      const listener = await serve(target.network, { port }, (request) => {
        attempts.push(request.path);
        return Promise.resolve("reset");
      });
      try {
        await target.sleep(SILENT_MS);
        const answer = await echo(context, actor, "1.0");
        const code = errorCode(answer);
        const expected = "404 not_found or 503 partition from a peer that has been silent for so long";
        should.hold(code === "not_found" || code === "partition", expected, describe(answer), answer.exchange);
        const calls = attempts.filter((path) => path.startsWith("/bus/"));
        should(equals(calls.length, 0, "the number of calls sent to the silent peer"));
      } finally {
        await listener.close();
      }
    },
  }),
  defineCase({
    id: "core/bus/failing-peer-is-taken-out",
    requirement: "BUS-051",
    brokenBy: ["failing-peers-kept"],
    effects: "none",
    async run(context) {
      const { should, target } = context;
      const actor = await context.actors.member();
      const { bad } = await failingAndGood(context);
      const before = bad.calls.length;
      const end = target.mono() + WATCH_MS;
      while (target.mono() < end) {
        should(succeeded(await echo(context, actor, "1.0")));
        should(equals(bad.calls.length, before, "the number of calls at the failing peer during its quarantine"));
        await target.sleep(WATCH_EVERY_MS);
      }
    },
  }),
  defineCase({
    id: "core/bus/recovered-peer-is-used-again",
    requirement: "BUS-052",
    brokenBy: ["failing-peers-banned"],
    effects: "none",
    async run(context) {
      const { should, target, until } = context;
      const actor = await context.actors.member();
      const { bad, fine, since } = await failingAndGood(context);
      bad.change({ onCall: good });
      await fine.stop();
      await target.sleep(Math.max(0, since + PROBED_FROM_MS - target.mono()));
      let last = "no answer";
      const served = await until(
        async () => {
          const before = bad.calls.length;
          const answer = await echo(context, actor, "1.0");
          last = describe(answer);
          return answer.status === 200 && bad.calls.length > before ? true : undefined;
        },
        Math.max(0, since + PROBED_UNTIL_MS - target.mono()),
        PROBE_EVERY_MS,
      );
      should.hold(served === true, `${ECHO} is served by the recovered peer after the quarantine`, last);
    },
  }),
];
