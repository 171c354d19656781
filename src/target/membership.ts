/** Making and unmaking members over the wire, with the root key or through a member that may invite. */

import {
  canonicalBytes,
  decodeInvite,
  type EventEnvelope,
  type Identity,
  isObject,
  type JsonObject,
  type Level,
  MANIFEST_TTL_SECONDS,
  signDocument,
  signText,
  timestamp,
  tryParseJson,
} from "../protocol/mod.ts";
import type { HttpAnswer } from "../wire/network.ts";
import type { Actor, Enrolment } from "./actors.ts";
import type { CallOptions } from "./call.ts";

/** What enrolment needs of a session. */
export interface EventPort {
  readonly communityId: string;
  wall(): number;
  event(author: Identity, type: string, data: JsonObject): Promise<EventEnvelope>;
  push(events: readonly EventEnvelope[]): Promise<HttpAnswer>;
  busCall(actor: Actor, capability: string, options: CallOptions): Promise<HttpAnswer>;
}

/** Raised when the target does not let the tester enrol a member; a set-up error, never a verdict. */
export class EnrolmentError extends Error {
  override readonly name = "EnrolmentError";
}

/** Life of the tester's own invitations in seconds; long enough for a 24 h soak. */
const INVITE_LIFE_SECONDS = 172_800;

/** A signed node manifest for an identity without a node, as `community.member.joined` carries it. */
export function memberManifest(identity: Identity, communityId: string, nowMs: number): JsonObject {
  return signDocument(identity, {
    version: 1,
    contract_version: "1.0",
    node_id: identity.id,
    display_name: "hearthproof tester",
    community_id: communityId,
    profile: "spark",
    endpoints: [{ transport: "https", host: "127.0.0.1", port: 7080 }],
    hardware: { gpu: null, vram_gb: 0, ram_gb: 1, cpu_cores: 1, disk_free_gb: 1 },
    capabilities: [],
    uptime_seconds: 0,
    load: { cpu: 0, vram_used_gb: 0, in_flight_total: 0 },
    issued_at: timestamp(nowMs),
    expires_at: timestamp(nowMs + MANIFEST_TTL_SECONDS * 1000),
  });
}

/** A co-signature over a payload that is signed without `co_signers` (wire-format.md section 10). */
export function coSign(signers: readonly Identity[], payload: JsonObject): JsonObject[] {
  return signers.map((signer) => ({ node_id: signer.id, signature: signText(signer, canonicalBytes(payload)) }));
}

async function accepted(port: EventPort, events: readonly EventEnvelope[], what: string): Promise<void> {
  const answer = await port.push(events);
  const body = tryParseJson(answer.body);
  if (answer.status !== 200 || !isObject(body) || body.rejected !== 0) {
    const said = body === undefined ? answer.failure?.message ?? `status ${answer.status}` : JSON.stringify(body);
    throw new EnrolmentError(`Cannot ${what}: the target answered ${said.slice(0, 300)}`);
  }
}

/** Enrolment with the root key: invitation and joining are pushed as events. */
export class RootEnrolment implements Enrolment {
  constructor(
    private readonly port: EventPort,
    private readonly root: Identity,
    /** Trusted co-signers for revocations, made on demand. */
    private readonly coSigner: (i: number) => Identity,
  ) {}

  async admit(identity: Identity, level: Level): Promise<void> {
    const events = await this.joining(identity, level);
    if (level === "anchor") events.push(await this.#promotion(identity, "anchor"));
    await accepted(this.port, events, `enrol a ${level}`);
  }

  /** The two events that make a member. */
  async joining(identity: Identity, level: Level): Promise<EventEnvelope[]> {
    const { port } = this;
    const invited = await port.event(this.root, "community.member.invited", {
      invitee_node_id: identity.id,
      display_name: "hearthproof tester",
      initial_level: level === "member" ? "member" : "trusted",
      expires_at: timestamp(port.wall() + INVITE_LIFE_SECONDS * 1000),
    });
    const joined = await port.event(identity, "community.member.joined", {
      invite_event_id: invited.event_id,
      node_manifest: memberManifest(identity, port.communityId, port.wall()),
    });
    return [invited, joined];
  }

  async revoke(identity: Identity): Promise<void> {
    const helpers = [this.coSigner(0), this.coSigner(1)];
    const joining = (await Promise.all(helpers.map((helper) => this.joining(helper, "trusted")))).flat();
    const payload = { reason: "other", target_node_id: identity.id };
    const revoked = await this.port.event(this.root, "community.member.revoked", {
      ...payload,
      co_signers: coSign([this.root, ...helpers], payload),
    });
    await accepted(this.port, [...joining, revoked], "revoke a member");
  }

  #promotion(identity: Identity, level: Level): Promise<EventEnvelope> {
    const payload = { new_level: level, target_node_id: identity.id };
    return this.port.event(this.root, "community.member.promoted", {
      ...payload,
      co_signers: coSign([this.root], payload),
    });
  }
}

/** Enrolment through a member that may invite: members and trusted members, no anchors, no revocations. */
export class InvitingEnrolment implements Enrolment {
  constructor(
    private readonly port: EventPort,
    private readonly admin: Actor,
    private readonly token: string | undefined,
  ) {}

  async admit(identity: Identity, level: Level): Promise<void> {
    if (level === "anchor") throw new EnrolmentError("Cannot enrol an anchor: only the root key can");
    const answer = await this.port.busCall(this.admin, "community.invite", {
      params: {},
      body: {
        params: {},
        input: {
          invitee_node_id: identity.id,
          display_name: "hearthproof tester",
          initial_level: level === "trusted" ? "trusted" : "member",
        },
      },
      ...(this.token === undefined ? {} : { token: this.token, signature: "none" as const }),
    });
    const body = tryParseJson(answer.body);
    const meta = isObject(body) && isObject(body.meta) ? body.meta : {};
    const output = isObject(body) && isObject(body.output) ? body.output : {};
    if (answer.status !== 200 || typeof meta.event_id !== "string" || typeof output.invite_blob !== "string") {
      throw new EnrolmentError(`Cannot enrol a ${level}: community.invite was answered with status ${answer.status}`);
    }
    decodeInvite(output.invite_blob);
    const joined = await this.port.event(identity, "community.member.joined", {
      invite_event_id: meta.event_id,
      node_manifest: memberManifest(identity, this.port.communityId, this.port.wall()),
    });
    await accepted(this.port, [joined], `enrol a ${level}`);
  }

  revoke(): Promise<void> {
    return Promise.reject(new EnrolmentError("Cannot revoke a member: that needs the root key"));
  }
}
