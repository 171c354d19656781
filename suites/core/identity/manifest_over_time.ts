/** The node manifest while time passes: uptime, freshness, renewal, signatures, a constant identity. */

import { differs, equals, header, holds, isInteger } from "../../../src/check/mod.ts";
import { MANIFEST_REPUBLISH_SECONDS, verifyDocument } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { instantOf, nodeManifest, type ReadDocument } from "./helpers.ts";

const MS_PER_SECOND = 1000;
/** Pause between two looks at the manifest, in milliseconds. */
const LOOK_EVERY_MS = 1000;
/** How long the catalogue watches, in seconds (IDN-017, IDN-018, IDN-021). */
const FRESHNESS_WATCH_S = 60;
const RENEWAL_WATCH_S = 50;
const IDENTITY_WATCH_S = 45;
/** Longest wait for further manifests, in seconds: three renewals and some slack. */
const COLLECT_WATCH_S = 75;
/** Disagreement of clocks that is forgiven where the answer names no time of its own, in milliseconds. */
const CLOCK_SLACK_MS = 5000;
/** A Date header has whole seconds, and an answer takes a moment. */
const DATE_SLACK_MS = 1000;
const TIMER_SLACK_S = 2;
const UPTIME_SLACK_S = 3;
/** Least distance of two manifests whose uptimes are compared, in seconds. */
const UPTIME_DISTANCE_S = 20;
const DISTINCT_MANIFESTS = 3;

/** Reads the manifest once a second until `look` returns true or the time is over; true in the first case. */
async function watch(
  context: CaseContext,
  seconds: number,
  look: (document: ReadDocument) => boolean,
): Promise<boolean> {
  const { target } = context;
  const end = target.mono() + seconds * MS_PER_SECOND;
  for (;;) {
    if (look(await nodeManifest(context))) return true;
    if (target.mono() >= end) return false;
    await target.sleep(LOOK_EVERY_MS);
  }
}

/** The time of an answer: its Date header if it has one, the tester's clock otherwise. */
function timeOf({ target }: CaseContext, { answer }: ReadDocument): { readonly ms: number; readonly slackMs: number } {
  const date = instantOf(header(answer, "date"));
  return Number.isNaN(date) ? { ms: target.wall(), slackMs: CLOCK_SLACK_MS } : { ms: date, slackMs: DATE_SLACK_MS };
}

export const manifestOverTimeCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/identity/uptime-counts-up",
    requirement: "IDN-012",
    brokenBy: ["manifest-uptime-zero", "manifest-uptime-fraction"],
    effects: "none",
    timed: true,
    async run(context) {
      let first: { readonly issued: number; readonly uptime: number } | undefined;
      const compared = await watch(context, COLLECT_WATCH_S, ({ value, judge }) => {
        judge(isInteger(value.uptime_seconds, "uptime_seconds", 0));
        const now = { issued: instantOf(value.issued_at), uptime: Number(value.uptime_seconds) };
        first ??= now;
        const passed = (now.issued - first.issued) / MS_PER_SECOND;
        if (!(passed >= UPTIME_DISTANCE_S)) return false;
        const counted = now.uptime - first.uptime;
        judge(holds(
          Math.abs(counted - passed) <= UPTIME_SLACK_S,
          `uptime_seconds to grow by ${passed} within ${UPTIME_SLACK_S}`,
          `it grew by ${counted}`,
        ));
        return true;
      });
      if (!compared) context.inconclusive(`no second manifest was issued within ${COLLECT_WATCH_S} s`);
    },
  }),
  defineCase({
    id: "core/identity/manifest-never-run-out",
    requirement: "IDN-017",
    brokenBy: ["manifest-signed-once"],
    effects: "none",
    timed: true,
    async run(context) {
      await watch(context, FRESHNESS_WATCH_S, (document) => {
        const { value, judge } = document;
        const { ms, slackMs } = timeOf(context, document);
        const now = new Date(ms).toISOString();
        judge(
          holds(instantOf(value.expires_at) > ms - slackMs, `expires_at after ${now}`, value.expires_at),
          holds(instantOf(value.issued_at) <= ms + slackMs, `issued_at not after ${now}`, value.issued_at),
        );
        return false;
      });
    },
  }),
  defineCase({
    id: "core/identity/manifest-renewal",
    requirement: "IDN-018",
    brokenBy: ["manifest-renewed-at-expiry", "manifest-signed-once"],
    effects: "none",
    timed: true,
    async run(context) {
      const limit = MANIFEST_REPUBLISH_SECONDS + TIMER_SLACK_S;
      let issued: number | undefined;
      let since = context.target.mono();
      await watch(context, RENEWAL_WATCH_S, ({ value, answer, judge }) => {
        const now = instantOf(value.issued_at);
        if (issued !== now) {
          const apart = issued === undefined ? 0 : (now - issued) / MS_PER_SECOND;
          judge(holds(apart <= limit, `issued_at at most ${limit} s after the one before`, `${apart} s`));
          issued = now;
          since = answer.startedAt;
        }
        const shownFor = (answer.startedAt - since) / MS_PER_SECOND;
        judge(holds(shownFor <= limit, `a new issued_at within ${limit} s`, `none for ${shownFor.toFixed(1)} s`));
        return false;
      });
    },
  }),
  defineCase({
    id: "core/identity/manifest-signature-verifies",
    requirement: "IDN-020",
    brokenBy: ["manifest-signed-with-empty-signature", "manifest-signed-before-load"],
    effects: "none",
    async run(context) {
      const seen = new Set<string>();
      const enough = await watch(context, COLLECT_WATCH_S, ({ value, judge }) => {
        const id = String(value.node_id);
        judge(holds(verifyDocument(id, value), "a signature that verifies with the key in node_id", value.signature));
        seen.add(String(value.issued_at));
        return seen.size >= DISTINCT_MANIFESTS;
      });
      if (!enough) context.inconclusive(`only ${seen.size} manifests were issued within ${COLLECT_WATCH_S} s`);
    },
  }),
  defineCase({
    id: "core/identity/node-id-constant",
    requirement: "IDN-021",
    brokenBy: ["manifest-key-per-issue"],
    effects: "none",
    async run(context) {
      let first: unknown;
      await watch(context, IDENTITY_WATCH_S, ({ value, judge }) => {
        first ??= value.node_id;
        judge(differs(value.node_id, undefined, "node_id"), equals(value.node_id, first, "node_id"));
        return false;
      });
    },
  }),
];
