/** What a target turned out to be: the answers of the pre-flight, from which gates open or stay closed. */

import { type JsonObject, parseVersion, serves } from "../protocol/mod.ts";
import type { Adapter } from "./adapter.ts";
import { mayObserve } from "./observer.ts";
import type { Feature, TargetKind } from "./target.ts";

/** See the module comment. */
export interface TargetProfile {
  readonly kind: TargetKind;
  readonly scheme: "http" | "https";
  readonly features: ReadonlySet<Feature>;
  readonly adapter: Adapter;
  readonly nodeId: string;
  readonly communityId: string;
  readonly contractVersion: string;
  /** Entries of the node manifest: name, version, params, max_concurrent. */
  readonly capabilities: readonly JsonObject[];
  /** How many identities of a level the tester can act as; Infinity with root. */
  readonly identities: { readonly member: number; readonly trusted: number; readonly anchor: number };
  readonly root: boolean;
  readonly self: boolean;
  readonly sync: boolean;
  readonly observe: boolean;
  readonly pubsub: boolean;
  readonly websocket: boolean;
  /** A token minted by a member is honoured; the same with `sub` `"*"`. */
  readonly ownToken: boolean;
  readonly bearer: boolean;
}

/** Read capabilities that serve as the probe, in order (spec README "Words in needs"). */
export const PROBES = ["rag.list_corpora", "market.list", "file.list", "embed.text"] as const;
/** Capabilities that serve as the trusted-only one, in order. */
export const TRUSTED_ONLY = ["rag.ingest", "file.put", "ocr.pdf", "img.generate"] as const;
/** Open to callers of unknown trust. */
const OPEN_CAPABILITIES: readonly string[] = ["protocol.version.list", "protocol.self.describe"];

/** The advertised entry of a capability compatible with the version; the highest minor wins. */
export function advertised(profile: TargetProfile, name: string, version = "1.0"): JsonObject | undefined {
  const requested = parseVersion(version);
  if (requested === undefined) return undefined;
  return profile.capabilities
    .filter((entry) => {
      const offered = parseVersion(entry.version);
      return entry.name === name && offered !== undefined && serves(offered, requested);
    })
    .sort((a, b) => (parseVersion(b.version)?.minor ?? 0) - (parseVersion(a.version)?.minor ?? 0))[0];
}

/** The probe capability of a target. */
export function probeName(profile: TargetProfile): string | undefined {
  return PROBES.find((name) => advertised(profile, name) !== undefined);
}

/** The trusted-only capability of a target. */
export function trustedOnlyName(profile: TargetProfile): string | undefined {
  return TRUSTED_ONLY.find((name) => advertised(profile, name) !== undefined);
}

type Gate = (profile: TargetProfile, argument: string) => string | undefined;

const need = (open: boolean, reason: string): string | undefined => open ? undefined : reason;
const feature = (name: Feature, reason: string): Gate => (p) => need(p.features.has(name), reason);
const member: Gate = (p) => need(p.identities.member > 0, "no member identity is at hand");
const trusted: Gate = (p) => need(p.identities.trusted > 0, "no trusted identity is at hand");
const placeable: Gate = (p, argument) =>
  need(
    p.adapter.blobs.length > 0 || (advertised(p, "file.put") !== undefined && trusted(p, argument) === undefined),
    "no blob can be placed",
  );

function capability(profile: TargetProfile, argument: string): string | undefined {
  const names = argument.split("|");
  const found = names.find((spec) => {
    const [name = "", version = "1.0"] = spec.split("@");
    return advertised(profile, name, version) !== undefined;
  });
  if (found === undefined) {
    return names.length === 1 ? `${argument} is not advertised` : `none of ${names.join(", ")} is advertised`;
  }
  return names.some((spec) => OPEN_CAPABILITIES.includes(spec)) ? undefined : member(profile, "");
}

const stream: Gate = (p, argument) =>
  member(p, argument) ??
    need(
      advertised(p, "llm.chat") !== undefined || advertised(p, "llm.chat", "2.0") !== undefined ||
        (advertised(p, "file.read") !== undefined && placeable(p, argument) === undefined),
      "no stream can be started",
    );

const none = (reason: string): Gate => () => reason;

/** One gate per word of the closed vocabulary; `WORD:argument` looks up `WORD`. */
const GATES: Readonly<Record<string, Gate>> = {
  member,
  members: (p, n) => need(p.identities.member >= Number(n), `fewer than ${n} member identities are at hand`),
  trusted,
  anchor: (p) => need(p.identities.anchor > 0, "no anchor identity is at hand"),
  root: (p) => need(p.root, "the root key is not at hand"),
  self: (p) => need(p.self, "the node's own key is not at hand"),
  revoked: (p) => need(p.root, "a revoked identity needs the root key"),
  capability,
  probe: (p, argument) => need(probeName(p) !== undefined, "no probe capability is advertised") ?? member(p, argument),
  stream,
  "trusted-only": (p, argument) =>
    need(trustedOnlyName(p) !== undefined, "no capability for trusted members is advertised") ?? member(p, argument),
  sync: (p) => need(p.sync, "events cannot be pushed"),
  observe: (p) => need(mayObserve(p), "logged events cannot be seen"),
  pubsub: (p) => need(p.pubsub, "topics cannot be subscribed"),
  "fake-peer": (p, argument) =>
    need(p.features.has("peers"), "no peer of the tester can be introduced") ?? member(p, argument),
  isolated: (p) => need(p.features.has("isolated") || p.adapter.isolated, "the target may have other peers"),
  "two-targets": feature("second-node", "there is no second node of the community"),
  https: (p) => need(p.scheme === "https" || p.features.has("tls-option"), "the target URL is not https"),
  websocket: (p) => need(p.websocket, "the upgrade is not answered with 101"),
  managed: feature("managed", "the tester cannot start and stop the node"),
  "network-control": feature("network-control", "the tester cannot cut the network"),
  "log-access": feature("log-access", "the tester cannot read log files (log_files of --adapter)"),
  clock: feature("clock", "the tester cannot move the target's clock"),
  contract: (p, n) => need(Number(p.contractVersion.split(".")[0]) >= Number(n), `contract_version is below ${n}`),
  "large-blob": placeable,
  "federation-link": none("no federation link is at hand in this version"),
  "fake-community": none("no second community is hosted in this version"),
  "own-token": (p) => need(p.ownToken, "a token minted by a member is not honoured"),
  bearer: (p) => need(p.bearer, "a bearer token is not honoured"),
  e2e: none("encrypted threads are not offered"),
  experimental: (p) =>
    need(p.capabilities.some((c) => String(c.name).startsWith("experimental.")), "experimental capabilities are off"),
  civdef: none("the civil-defence profile is not active"),
  "tensor-session": none("no tensor session is at hand"),
  "corruption-hook": feature("corruption-hook", "the stored audit chain cannot be damaged"),
};

const ADAPTER_GATES: Readonly<Record<string, Gate>> = {
  "seed-blob": placeable,
  corpus: (p) =>
    need(
      p.adapter.corpora.length > 0 || p.features.has("corpus") ||
        (advertised(p, "rag.ingest") !== undefined && p.identities.trusted > 0),
      "no filled corpus is known",
    ),
  "backend-fault": feature("backend-fault", "the model backend cannot be made to fail"),
  auditor: (p) =>
    need(p.adapter.auditorKey !== undefined, "no identity may export the audit (auditor_key of --adapter)"),
  "role-schema": (p) =>
    need(p.adapter.roleSchema.length > 0, "the scope of roles is not known (role_schema of --adapter)"),
  "disk-cap": feature("disk-cap", "the node cannot be started with a small storage budget"),
};

/**
 * Why a need is not met; undefined if it is. `slow` is not a gate of the target and always passes here.
 *
 * @throws {RangeError} If the word is not in the vocabulary.
 */
export function closedGate(profile: TargetProfile, word: string): string | undefined {
  if (word === "slow") return undefined;
  const colon = word.indexOf(":");
  const name = colon < 0 ? word : word.slice(0, colon);
  const argument = colon < 0 ? "" : word.slice(colon + 1);
  if (name === "adapter") {
    const gate = ADAPTER_GATES[argument];
    return gate === undefined ? `the target does not provide ${argument}` : gate(profile, argument);
  }
  const gate = GATES[name];
  if (gate === undefined) throw new RangeError(`Cannot judge a need: the word ${word} is unknown`);
  return gate(profile, argument);
}
