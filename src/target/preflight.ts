/** Finding out what a target is before anything is judged (X09 §6.1). */

import {
  canonicalize,
  isNodeId,
  isObject,
  type JsonObject,
  mintToken,
  type NodeManifest,
  parseVersion,
  TOKEN_HEADER,
  tryParseJson,
} from "../protocol/mod.ts";
import type { Implementation } from "../report/results.ts";
import type { HttpAnswer, Network } from "../wire/mod.ts";
import { type Actor, Actors } from "./actors.ts";
import { type Adapter, NO_ADAPTER } from "./adapter.ts";
import { enrolled, openSession } from "./open.ts";
import { probeName, type TargetProfile } from "./profile.ts";
import { minimalBody } from "./minimal_body.ts";
import { pull } from "./observer.ts";
import type { Session } from "./session.ts";
import type { Target } from "./target.ts";

/** Contract majors this suite can judge. */
export const SUPPORTED_MAJORS: readonly number[] = [1, 2, 3];
/** Protocol versions named in reports, by contract major. */
const PROTOCOL_VERSIONS: Readonly<Record<number, string>> = { 1: "1.0.0", 2: "2.0.0", 3: "3.0.0" };

/** Why a run cannot start; one clear line for the operator. */
export class PreflightError extends Error {
  override readonly name = "PreflightError";
  constructor(
    readonly code: "unreachable" | "not_hearthnet" | "tls_mismatch" | "protocol_version_unsupported",
    text: string,
  ) {
    super(text);
  }
}

/** What the pre-flight found. */
export interface Preflight {
  readonly profile: TargetProfile;
  readonly implementation: Implementation;
  readonly protocolVersion: string;
  /** Head of the log before the run; what lies below was there before. */
  readonly headBefore: number;
  /** Things the operator should know. */
  readonly remarks: readonly string[];
}

/** Time an upgrade may take, in milliseconds. */
const UPGRADE_DEADLINE_MS = 5000;

const CLOSED = {
  identities: { member: 0, trusted: 0, anchor: 0 },
  root: false,
  self: false,
  sync: false,
  observe: false,
  pubsub: false,
  websocket: false,
  ownToken: false,
  bearer: false,
};

/** A profile that knows nothing yet: every gate but the features of the target is closed. */
export function blankProfile(target: Target, adapter: Adapter = NO_ADAPTER): TargetProfile {
  return {
    kind: target.kind,
    scheme: target.url.startsWith("https:") ? "https" : "http",
    features: target.features,
    adapter,
    nodeId: "",
    communityId: "",
    contractVersion: "",
    capabilities: [],
    ...CLOSED,
  };
}

function unreachable(answer: HttpAnswer, url: string): PreflightError {
  const why = answer.failure?.message ?? "no answer";
  if (answer.failure?.kind === "tls") {
    return new PreflightError("tls_mismatch", `TLS of ${url} does not match: ${why}. Check the pinned fingerprint.`);
  }
  return new PreflightError(
    "unreachable",
    `${url} cannot be reached: ${why}. Is the node running, and is the port right?`,
  );
}

async function readIdentity(session: Session, url: string): Promise<NodeManifest> {
  const answer = await session.manifest();
  if (answer.status === 0) throw unreachable(answer, url);
  const manifest = tryParseJson(answer.body);
  if (answer.status !== 200 || !isObject(manifest) || !isNodeId(manifest.node_id) || !isNodeId(manifest.community_id)) {
    throw new PreflightError(
      "not_hearthnet",
      `${url} is not a HearthNet node: GET /manifest answered ${answer.status} without a node manifest.`,
    );
  }
  return manifest as unknown as NodeManifest;
}

/** Judges the contract versions; the profile's manifest counts where protocol.version.list is not offered. */
function checkVersion(manifest: NodeManifest, versions: readonly unknown[], any: boolean): void {
  if (any) return;
  const named = [manifest.contract_version, ...versions];
  const majors = named.map((v) => parseVersion(v)?.major ?? Number.parseInt(String(v), 10));
  if (majors.some((major) => SUPPORTED_MAJORS.includes(major))) return;
  throw new PreflightError(
    "protocol_version_unsupported",
    `protocol_version_unsupported: the target speaks contract ${named.map(String).join(", ")}; this suite judges ` +
      `${SUPPORTED_MAJORS.join(", ")}. Use a suite version made for it.`,
  );
}

async function describe(session: Session, target: Target, anyVersion: boolean): Promise<{
  readonly manifest: NodeManifest;
  readonly implementation: Implementation;
  readonly protocolVersion: string;
}> {
  const manifest = await readIdentity(session, target.url);
  const names = (Array.isArray(manifest.capabilities) ? manifest.capabilities : []).map((entry) => entry?.name);
  const stranger = new Actors({ pool: [], seed: 0, namespace: ["preflight"] }).stranger("preflight");
  const ask = async (name: string): Promise<JsonObject> => {
    if (!names.includes(name) || target.dialect.routing === "body") return {};
    const body = tryParseJson((await session.call(stranger, name, {}, { version: "1.0" })).body);
    return isObject(body) && isObject(body.output) ? body.output : {};
  };
  const list = await ask("protocol.version.list");
  checkVersion(manifest, Array.isArray(list.contract_versions) ? list.contract_versions : [], anyVersion);
  const self = await ask("protocol.self.describe");
  const descriptor = isObject(self.descriptor) ? self.descriptor : self;
  const from = isObject(list.implementation) ? list.implementation : {};
  const text = (...values: unknown[]) =>
    values.find((v): v is string => typeof v === "string" && v !== "") ?? "unknown";
  const major = parseVersion(manifest.contract_version)?.major ?? 1;
  const named = Array.isArray(descriptor.protocol_versions) ? descriptor.protocol_versions : [];
  const versions = named.filter((v): v is string => typeof v === "string");
  const fallback = PROTOCOL_VERSIONS[major] ?? "1.0.0";
  const protocolVersions = versions.length > 0 ? versions : [fallback];
  const optional = (value: unknown) => typeof value === "string" ? value : null;
  return {
    manifest,
    implementation: {
      name: text(descriptor.name, from.name),
      vendor: text(descriptor.vendor),
      version: text(descriptor.version, from.version),
      protocol_versions: protocolVersions,
      homepage_url: optional(descriptor.homepage_url),
      contact: optional(descriptor.contact),
    },
    protocolVersion: protocolVersions.includes(fallback) ? fallback : protocolVersions[0] ?? fallback,
  };
}

/**
 * Looks at the target.
 *
 * @throws {PreflightError} If it cannot be judged at all.
 */
export async function preflight(
  target: Target,
  network: Network,
  options: {
    readonly seed: number;
    readonly timeOrigin: number;
    readonly adapter?: Adapter;
    readonly anyVersion?: boolean;
  },
): Promise<Preflight> {
  const adapter = options.adapter ?? NO_ADAPTER;
  const remarks: string[] = [];
  let profile = blankProfile(target, adapter);
  const opening = { network, seed: options.seed, timeOrigin: options.timeOrigin, scope: "preflight", needs: {} };
  const first = await openSession(target, { ...opening, profile });
  try {
    const { session } = first;
    const { manifest, implementation, protocolVersion } = await describe(session, target, options.anyVersion === true);
    profile = {
      ...profile,
      scheme: session.endpoint.scheme,
      nodeId: manifest.node_id,
      communityId: manifest.community_id,
      contractVersion: String(manifest.contract_version),
      capabilities: Array.isArray(manifest.capabilities) ? manifest.capabilities.filter(isObject) : [],
    };
    profile = await identities(session, target, profile, options.seed);
    const probing = await openSession(target, { ...opening, scope: "preflight-probes", profile });
    try {
      profile = await probe(probing, profile);
    } finally {
      await probing.session.close();
    }
    const headBefore = await session.head() ?? 0;
    if (target.dialect.name !== "contract") remarks.push(`calls are phrased in the dialect ${target.dialect.name}`);
    return { profile, implementation, protocolVersion, headBefore, remarks };
  } finally {
    await first.session.close();
  }
}

async function identities(session: Session, target: Target, profile: TargetProfile, seed: number) {
  const { access } = target;
  const free = target.features.has("fresh") || access.allowWrites;
  const self = access.sut !== undefined && access.sut.id === profile.nodeId;
  if (access.root !== undefined && access.root.id !== profile.communityId) {
    throw new PreflightError(
      "not_hearthnet",
      `the root key is not the key of community ${profile.communityId}. Give the root key of this community.`,
    );
  }
  if (access.root !== undefined && free) {
    return { ...profile, root: true, self, identities: { member: Infinity, trusted: Infinity, anchor: Infinity } };
  }
  const pool = await enrolled(session, target, seed);
  const count = (level: string) => pool.filter((actor) => actor.level === level).length;
  const inviting = access.admin !== undefined && free ? Infinity : 0;
  return {
    ...profile,
    self,
    identities: {
      member: inviting + count("member"),
      trusted: inviting + count("trusted"),
      anchor: count("anchor"),
    },
  };
}

/** Looks for the means a case may need: pushing, observing, topics, WebSocket, tokens of members. */
async function probe(opened: Awaited<ReturnType<typeof openSession>>, profile: TargetProfile): Promise<TargetProfile> {
  const { session, actors } = opened;
  const pushed = await session.push([]);
  const sync = pushed.status === 200;
  const observe = sync && await pull(session, 0) !== undefined;
  const polled = tryParseJson((await session.poll("community.member.revoked", { timeout: 0, deadlineMs: 5000 })).body);
  const pubsub = isObject(polled) && (polled.timeout === true || typeof polled.seq === "number");
  const found = { ...profile, sync, observe, pubsub };
  if (profile.identities.member === 0) return found;
  const member = await actors.member("probe-member");
  return {
    ...found,
    websocket: await upgrades(session, found, member),
    ...await tokens(opened, found),
  };
}

async function upgrades(
  session: Session,
  profile: TargetProfile,
  actor: Actor,
): Promise<boolean> {
  const streaming = ["file.read", "llm.chat"].find((name) => profile.capabilities.some((c) => c.name === name));
  if (streaming === undefined) return false;
  const socket = await session.wsConnect("/bus/v1/call", {
    headers: session.upgradeHeaders(actor, streaming),
    limits: { deadlineMs: UPGRADE_DEADLINE_MS },
  });
  socket.abort();
  return socket.handshake.upgraded;
}

async function tokens(
  opened: Awaited<ReturnType<typeof openSession>>,
  profile: TargetProfile,
): Promise<{ readonly ownToken: boolean; readonly bearer: boolean }> {
  const { session, actors } = opened;
  const name = probeName(profile);
  if (name === undefined || profile.identities.member < 2) return { ownToken: false, bearer: false };
  const issuer = await actors.member("probe-member");
  const holder = await actors.member("probe-holder");
  const seconds = Math.floor(session.wall() / 1000);
  const tryToken = async (sub: string): Promise<boolean> => {
    const payload = {
      iss: issuer.id,
      sub,
      iat: seconds - 60,
      exp: seconds + 7200,
      jti: session.id(),
      scope: { capabilities: [`${name}@1.0`] },
    };
    // Canonical parts, so that a verifier that wrongly serialises anew shows up in its own case, not as a closed gate.
    const token = mintToken(issuer.identity, canonicalize(payload), canonicalize({ ...TOKEN_HEADER }));
    const answer = await session.busCall(holder, name, {
      body: minimalBody(profile, name),
      token,
      signature: "none",
    });
    return answer.status === 200;
  };
  return { ownToken: await tryToken(holder.id), bearer: await tryToken("*") };
}
