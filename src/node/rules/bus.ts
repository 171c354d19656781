/** Numbers and decisions of the reference node: bus and peers. Each names the source it follows. */

import {
  atLeast,
  type CapabilityEntry,
  type JsonObject,
  type Level,
  parseVersion,
  type Random,
  serves,
  type Version,
} from "../../protocol/mod.ts";
import type { CapabilityDescriptor, Trust, UnaryResult } from "../core.ts";

/** A provider of a capability as routing sees it; `p50Ms` is undefined until a latency is known. */
export interface ScoredProvider {
  /** `local`, or the NodeID of a peer. */
  readonly node: string;
  readonly local: boolean;
  readonly p50Ms: number | undefined;
  /** Calls in flight divided by `max_concurrent`. */
  readonly load: number;
  /** Share of good calls in the health window, 0 to 1. */
  readonly success: number;
  readonly score: number;
}

export interface BusRules {
  /** The entries of the manifest, before they are published (BUS-001 to BUS-012). */
  readonly advertisedEntries: (entries: readonly CapabilityEntry[]) => readonly CapabilityEntry[];
  /** The advertised hash; `hash` is the one of CONTRACT §11 (BUS-006 to BUS-008). */
  readonly advertisedSchemaHash: (hash: string, descriptor: CapabilityDescriptor, wallMs: number) => string;
  /** `schema_hash_expected` of a refusal (BUS-020); undefined leaves it out. */
  readonly expectedSchemaHash: (hash: string) => string | undefined;
  /** Whether a requested name means an offered one (BUS-022). */
  readonly nameMatches: (offered: string, requested: string) => boolean;
  /** Reads a version header (BUS-019); undefined: `bad_request`. */
  readonly readVersion: (text: string) => Version | undefined;
  /** Version compatibility (CONTRACT §2.1; BUS-013 to BUS-018). */
  readonly versionServes: (offered: Version, requested: Version, name?: string) => boolean;
  /** Code for a name that nobody offers (BUS-021). */
  readonly unknownNameCode: string;
  /** Output for a name that is not registered; undefined refuses (PRO-030). */
  readonly answerUnregistered: (capability: string, body: JsonObject) => JsonObject | undefined;
  /** Code for a known name at a version that is not served; wrong majors name the expected hash (CONTRACT §2.1). */
  readonly versionRefusal: (sameMajor: boolean) => "schema_mismatch" | "not_found";
  /** The level a capability asks for, given the declared one (TOK-018, PRO-001, PRO-015). */
  readonly requiredTrust: (capability: string, declared: Trust) => Trust;
  /** Whether a level passes a requirement (BUS-032); `self` passes all. */
  readonly trustPasses: (level: Trust, required: Trust) => boolean;
  /** Milliseconds a caller's level is remembered (BUS-035); 0: never. */
  readonly levelCacheMs: number;
  /** Which check comes first (M03 §5.3; BUS-033). */
  readonly firstCheck: "trust" | "schema";
  /** How request bodies are checked (BUS-023 to BUS-027); `closed` forbids unknown members, `coerce` converts types. */
  readonly bodyCheck: "open" | "closed" | "coerce" | "off";
  /** Whether validation precedes the handler (BUS-028). */
  readonly bodyCheckedWhen: "before" | "after";
  /** The body as the checks and the handler see it (BUS-023 to BUS-026). */
  readonly readBody: (body: JsonObject, descriptor: CapabilityDescriptor) => JsonObject;
  /** The answer of a unary call (CONTRACT §4; BUS-029, BUS-042). */
  readonly unaryBody: (result: UnaryResult, ms: number, descriptor: CapabilityDescriptor) => JsonObject;
  /** Value of `meta.ms` for a measured duration (BUS-030). */
  readonly reportedMs: (ms: number, wallMs: number) => number;
  /** Answer to a call beyond `max_concurrent` (BUS-037). */
  readonly whenFull: "refuse" | "queue" | "not_found";
  /** `retry_after_ms` of a full capability. */
  readonly fullRetryMs: number;
  /** Whether the end of a stream frees its slot (BUS-038). */
  readonly streamEndFreesSlot: boolean;
  /** Whether an error frees the slot (BUS-039). */
  readonly errorFreesSlot: boolean;
  /** `load.in_flight_total` for a number of running calls (BUS-040). */
  readonly reportedInFlight: (running: number) => number;
  /** Refusals after which the bus serves nothing any more (BUS-055). */
  readonly refusalPoisonsBus: (code: string) => boolean;
  /** How repeats of one `client_id` are told apart (BUS-041); `racy` looks before and writes after the work. */
  readonly repeats: "first-result" | "racy" | "new-result";
  /** Results kept for repeats. */
  readonly repeatsKept: number;
  /** Whether a call streams (wire-format.md section 5). */
  readonly streams: (descriptor: CapabilityDescriptor, body: JsonObject, acceptsStream: boolean) => boolean;
  /** Milliseconds until 408 for a capability without a deadline of its own (GLOSSARY Defaults). */
  readonly callDeadlineMs: (capability: string) => number;

  /** Whether calls are forwarded at all (BUS-044). */
  readonly routesToPeers: boolean;
  /** Load below which a local provider is always used (M03 §5.4; BUS-048). */
  readonly localShare: number;
  /** Lower is better: `p50*(1+load) + (1-success)*1000 - (local ? 50 : 0)` (wire-format.md section 14). */
  readonly providerScore: (provider: Omit<ScoredProvider, "score" | "node">) => number;
  /** Chooses among providers with room (BUS-053). */
  readonly pickProvider: (providers: readonly ScoredProvider[], random: Random) => ScoredProvider | undefined;
  /** Level a caller needs for a name that is only offered elsewhere, so that our signature lends no rights. */
  readonly routedTrust: (capability: string) => Trust;
  /** Request id of the outbound call (BUS-045). */
  readonly forwardedRequestId: (requestId: string, fresh: () => string) => string;
  /** Code a caller sees for a code of the peer (BUS-046). */
  readonly forwardedCode: (code: string) => string;
  /** Code for a peer that cannot be reached (TRN-079). */
  readonly unreachableCode: string;
  /** Whether streams of peers are passed on frame by frame (BUS-047); otherwise collected into one answer. */
  readonly streamsPassThrough: boolean;
  /** Whether `max_concurrent` of a peer is kept (BUS-054). */
  readonly peerLimitKept: boolean;
  /** Whether a call may go back to the peer it came from (wire-format.md section 14: never). */
  readonly forwardsBack: boolean;
  /** Whether a new manifest replaces the entries of the old one (BUS-049) or only adds to them. */
  readonly peerEntriesReplaced: boolean;
  /** Silence after which a peer is not used (BUS-050). */
  readonly providerStaleMs: number;
  /** Silence after which a peer is forgotten (wire-format.md section 17). */
  readonly peerPruneMs: number;
  /** Pause between two fetches of a peer's manifest (wire-format.md section 17). */
  readonly peerRefreshMs: number;
  /** Calls looked at for the success rate. */
  readonly healthWindow: number;
  /** Success rate below which a peer is quarantined (BUS-051). */
  readonly quarantineBelow: number;
  /** Length of a quarantine; a probe follows (BUS-052). */
  readonly quarantineMs: number;
  /** Codes that count as failures of the peer (wire-format.md section 14). */
  readonly countsAsFailure: (code: string) => boolean;
  /** Milliseconds until an unanswered forwarded call is 408 (TRN-078). */
  readonly peerDeadlineMs: (capability: string) => number;
  /** Whether connections to peers are used again (TRN-076). */
  readonly peerConnectionsReused: boolean;
  /** Idle time after which a connection to a peer is closed (TRN-076). */
  readonly peerIdleMs: number;
  /** Checks of a peer's manifest (IDN-063, IDN-064, IDN-066, IDN-067). */
  readonly peerSignatureChecked: boolean;
  readonly peerExpiryChecked: boolean;
  readonly peerCommunityChecked: boolean;
  readonly peerMembershipChecked: boolean;
  /** Whether later manifests of an admitted peer have to verify too (IDN-065). */
  readonly peerKeyPinned: boolean;
  /** Whether a changed TLS certificate is refused (TRN-077). */
  readonly peerCertificatePinned: boolean;
}

const P50_UNKNOWN_MS = 500;
const FAILURE_WEIGHT_MS = 1000;
const LOCAL_BONUS_MS = 50;
const RPC_DEADLINE_MS = 30_000;
const LLM_DEADLINE_MS = 120_000;

/** Base capabilities above level member (wire-format.md section 14; README `trusted-only`). */
const TRUSTED_NAMES: readonly string[] = ["rag.ingest", "file.put", "ocr.pdf", "img.generate"];
const SELF_NAMES: readonly string[] = ["chat.history", "auth.token.introspect", "protocol.conformance.report"];
/** Codes a peer is to blame for (decision of wire-format.md section 14). */
const PEER_FAILURES: readonly string[] = ["internal_error", "timeout", "partition"];

function deadlineOf(capability: string): number {
  return capability.startsWith("llm.") ? LLM_DEADLINE_MS : RPC_DEADLINE_MS;
}

export const busRules: BusRules = {
  advertisedEntries: (entries) => entries,
  advertisedSchemaHash: (hash) => hash,
  expectedSchemaHash: (hash) => hash,
  nameMatches: (offered, requested) => offered === requested,
  readVersion: parseVersion,
  versionServes: (offered, requested) => serves(offered, requested),
  unknownNameCode: "not_found",
  answerUnregistered: () => undefined,
  versionRefusal: (sameMajor) => sameMajor ? "not_found" : "schema_mismatch",
  requiredTrust: (_, declared) => declared,
  trustPasses: (level, required) =>
    level === "self" || (required !== "self" && atLeast(level as Level, required as Level)),
  levelCacheMs: 0,
  firstCheck: "trust",
  bodyCheck: "open",
  bodyCheckedWhen: "before",
  readBody: (body) => body,
  unaryBody: (result, ms) => ({ output: result.output, meta: { ...result.meta, ms } }),
  reportedMs: (ms) => Math.max(0, Math.round(ms)),
  whenFull: "refuse",
  fullRetryMs: 250,
  streamEndFreesSlot: true,
  errorFreesSlot: true,
  reportedInFlight: (running) => running,
  refusalPoisonsBus: () => false,
  repeats: "first-result",
  repeatsKept: 10_000,
  streams: ({ streaming }, body, acceptsStream) => {
    if (streaming === "never") return false;
    if (streaming === "always") return true;
    const input = body["input"] as JsonObject | undefined;
    const asked = input?.["stream"];
    return acceptsStream && (typeof asked === "boolean" ? asked : streaming.default);
  },
  callDeadlineMs: deadlineOf,

  routesToPeers: true,
  localShare: 0.8,
  providerScore: ({ p50Ms, load, success, local }) =>
    (p50Ms ?? P50_UNKNOWN_MS) * (1 + load) + (1 - success) * FAILURE_WEIGHT_MS - (local ? LOCAL_BONUS_MS : 0),
  pickProvider: (providers) =>
    providers.reduce<ScoredProvider | undefined>(
      (best, next) => best === undefined || next.score < best.score ? next : best,
      undefined,
    ),
  routedTrust: (capability) =>
    SELF_NAMES.includes(capability) ? "self" : TRUSTED_NAMES.includes(capability) ? "trusted" : "member",
  forwardedRequestId: (requestId) => requestId,
  forwardedCode: (code) => code,
  unreachableCode: "partition",
  streamsPassThrough: true,
  peerLimitKept: true,
  forwardsBack: false,
  peerEntriesReplaced: true,
  providerStaleMs: 60_000,
  peerPruneMs: 90_000,
  peerRefreshMs: 30_000,
  healthWindow: 100,
  quarantineBelow: 0.5,
  quarantineMs: 60_000,
  countsAsFailure: (code) => PEER_FAILURES.includes(code),
  peerDeadlineMs: deadlineOf,
  peerConnectionsReused: true,
  peerIdleMs: 60_000,
  peerSignatureChecked: true,
  peerExpiryChecked: true,
  peerCommunityChecked: true,
  peerMembershipChecked: true,
  peerKeyPinned: true,
  peerCertificatePinned: true,
};
