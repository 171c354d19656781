/** What can be found out about a target before anything is judged: the facts behind `hearthproof doctor`. */

import { type Clock, isObject, type JsonObject, parseTimestamp, tryParseJson } from "../protocol/mod.ts";
import type { Implementation } from "../report/results.ts";
import { gateOf } from "../runner/run.ts";
import type { PlannedCase } from "../runner/select.ts";
import type { Adapter } from "../target/adapter.ts";
import { openSession } from "../target/open.ts";
import { blankProfile, preflight, PreflightError } from "../target/preflight.ts";
import type { TargetProfile } from "../target/profile.ts";
import type { Target } from "../target/target.ts";
import { dialOptions, headerOf, type HttpAnswer, LiveNetwork, nullSink, request } from "../wire/mod.ts";

/** Lifetime of a node manifest (CONTRACT §6.1): a clock further off makes fresh manifests look expired. */
export const MANIFEST_LIFETIME_MS = 30_000;
/** A Date header names whole seconds: half a second is the most likely rest. */
const DATE_RESOLUTION_MS = 1000;
/** A sound node issues its manifest anew at least this often, so issued_at is up to this much behind its clock. */
const MANIFEST_REISSUE_MS = 20_000;
const SLOW_REASON = "slow (--slow)";

/** How the target's clock stands against ours: somewhere from `low_ms` to `high_ms`, positive if it is ahead. */
export interface ClockOffset {
  readonly low_ms: number;
  readonly high_ms: number;
  readonly source: "date header" | "issued_at of the manifest";
}

/** Cases of one section. */
export interface SectionOutlook {
  readonly section: string;
  readonly cases: number;
  readonly judged: number;
  readonly slow: number;
  readonly skipped: number;
}

/** Certificate of an https target. */
export interface CertificateFacts {
  readonly fingerprint: string;
  /** Whether the operator named it; then any other certificate was refused. */
  readonly pinned: boolean;
}

/** All that was found. */
export interface Findings {
  readonly answerMs: number;
  readonly certificate?: CertificateFacts;
  readonly clock?: ClockOffset;
  readonly profile: TargetProfile;
  readonly implementation: Implementation;
  readonly protocolVersion: string;
  readonly remarks: readonly string[];
  readonly sections: readonly SectionOutlook[];
  /** Why cases will not be judged, most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
}

/** What the examination needs. */
export interface Examination {
  readonly target: Target;
  readonly adapter: Adapter;
  readonly cases: readonly PlannedCase[];
  readonly clock: Clock;
  readonly seed: number;
  readonly timeOrigin: number;
  /** Whether the operator names the certificate; then any other is refused. */
  readonly pinned: boolean;
}

/**
 * Examines a target. Nothing is written to it that a run with the same options would not write.
 *
 * @throws {PreflightError} If it cannot be judged at all.
 */
export async function examine(examination: Examination): Promise<Findings> {
  const { target, adapter, cases, clock, seed, timeOrigin } = examination;
  const network = new LiveNetwork({ scope: "doctor", sink: nullSink, clock });
  try {
    const found = await preflight(target, network, { seed, timeOrigin, adapter });
    const contact = await firstContact(examination, network);
    return {
      ...contact,
      profile: found.profile,
      implementation: found.implementation,
      protocolVersion: found.protocolVersion,
      remarks: found.remarks,
      ...outlook(cases, found.profile, target),
    };
  } finally {
    await network.close();
  }
}

async function firstContact(
  { target, adapter, seed, timeOrigin, pinned }: Examination,
  network: LiveNetwork,
): Promise<Pick<Findings, "answerMs" | "certificate" | "clock">> {
  const needs = { movingClock: true, nodeClockMoves: true };
  const profile = blankProfile(target, adapter);
  const { session } = await openSession(target, { network, seed, timeOrigin, profile, scope: "doctor", needs });
  try {
    const { endpoint } = session;
    const began = network.clock.mono();
    const before = network.clock.wall();
    const answer = await request(network, endpoint, { method: "GET", path: "/manifest", headers: [] });
    const after = network.clock.wall();
    const answerMs = Math.round(network.clock.mono() - began);
    if (answer.status === 0) {
      throw new PreflightError(
        "unreachable",
        `${target.url} answered once and then no more: ${answer.failure?.message}`,
      );
    }
    const clock = clockOffset(answer, before, after);
    const certificate = endpoint.scheme === "https" ? await certificateOf(network, session, pinned) : undefined;
    return {
      answerMs,
      ...(certificate === undefined ? {} : { certificate }),
      ...(clock === undefined ? {} : { clock }),
    };
  } finally {
    await session.close();
  }
}

async function certificateOf(
  network: LiveNetwork,
  { endpoint }: { readonly endpoint: Parameters<typeof dialOptions>[0] },
  pinned: boolean,
): Promise<CertificateFacts | undefined> {
  const connection = await network.dial(dialOptions(endpoint));
  connection.close();
  const fingerprint = connection.certificate?.fingerprint;
  return fingerprint === undefined ? undefined : { fingerprint, pinned };
}

/** Offset of the answering clock from what the answer says of its time; `before` and `after` are ours, in ms. */
export function clockOffset(
  answer: Pick<HttpAnswer, "head" | "body">,
  before: number,
  after: number,
): ClockOffset | undefined {
  const date = headerOf(answer, "date");
  const named = date === undefined ? NaN : Date.parse(date);
  if (Number.isFinite(named)) {
    return { low_ms: named - after, high_ms: named + DATE_RESOLUTION_MS - before, source: "date header" };
  }
  const manifest = tryParseJson(answer.body);
  const text = isObject(manifest) ? manifest.issued_at : undefined;
  const issued = typeof text === "string" ? parseTimestamp(text) : undefined;
  if (issued === undefined) return undefined;
  return {
    low_ms: issued - after,
    high_ms: issued + MANIFEST_REISSUE_MS - before,
    source: "issued_at of the manifest",
  };
}

/** Least distance of the two clocks in milliseconds, with sign; 0 if they may agree. */
export function certainOffset({ low_ms, high_ms }: ClockOffset): number {
  return low_ms > 0 ? low_ms : high_ms < 0 ? high_ms : 0;
}

/** What a run would judge, and why it would leave out the rest. */
export function outlook(
  cases: readonly PlannedCase[],
  profile: TargetProfile,
  target: Target,
): Pick<Findings, "sections" | "reasons"> {
  const sections = new Map<string, SectionOutlook>();
  const reasons = new Map<string, number>();
  for (const planned of cases) {
    const gate = gateOf(planned, profile, target);
    const reason = gate ?? (planned.slow ? SLOW_REASON : undefined);
    const { section } = planned;
    const old = sections.get(section) ?? { section, cases: 0, judged: 0, slow: 0, skipped: 0 };
    sections.set(section, {
      section,
      cases: old.cases + 1,
      judged: old.judged + (reason === undefined ? 1 : 0),
      slow: old.slow + (reason === SLOW_REASON ? 1 : 0),
      skipped: old.skipped + (gate === undefined ? 0 : 1),
    });
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return {
    sections: [...sections.values()],
    reasons: [...reasons].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count),
  };
}

/** Identities of a level as JSON has it: null stands for "as many as are needed". */
function many(count: number): number | null {
  return Number.isFinite(count) ? count : null;
}

/** The findings as one JSON object. */
export function findingsJson(target: Target, findings: Findings): JsonObject {
  const { profile, certificate, clock } = findings;
  const { member, trusted, anchor } = profile.identities;
  const { sync, observe, pubsub, websocket, ownToken, bearer } = profile;
  return {
    schema: "hearthproof.doctor/1",
    target: { kind: target.kind, url: target.url, dialect: target.dialect.name },
    reachable: true,
    answer_ms: findings.answerMs,
    certificate: certificate === undefined ? null : { ...certificate },
    clock: clock === undefined ? null : { ...clock },
    node: {
      node_id: profile.nodeId,
      community_id: profile.communityId,
      contract_version: profile.contractVersion,
      protocol_version: findings.protocolVersion,
      capabilities: profile.capabilities.length,
    },
    implementation: { name: findings.implementation.name, version: findings.implementation.version },
    membership: {
      root: profile.root,
      self: profile.self,
      member: many(member),
      trusted: many(trusted),
      anchor: many(anchor),
    },
    means: { sync, observe, pubsub, websocket, own_token: ownToken, bearer_token: bearer },
    sections: findings.sections.map((section) => ({ ...section })),
    not_judged: findings.reasons.map((reason) => ({ ...reason })),
  };
}
