/** community.invite and community.revoke. CONTRACT §4.17, §4.18; wire-format.md section 10. */

import {
  type EventEnvelope,
  isNodeId,
  type JsonObject,
  type Level,
  parseTimestamp,
  timestamp,
} from "../../protocol/mod.ts";
import { type Call, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import { coSignersNeeded, validCoSigners } from "../log/co_signers.ts";
import { viewsOf } from "../log/mod.ts";
import { badRequest, describe, onBehalfOf, optionalNumber, optionalString, shown } from "./describe.ts";
import { inputSchema, outputSchema } from "./market.ts";
import { earlierEvent, repeated, writeOnce } from "./repeats.ts";

/** Bounds of what the node takes; choices. */
const MAX_CLIENT_ID = 128;
const MAX_DISPLAY_NAME = 200;
const MAX_CO_SIGNERS = 256;
const TEXT = { type: "string" };
const INVITED = "community.member.invited";
const REVOKED = "community.member.revoked";

/** Registers the family. */
export function registerCommunity(core: NodeCore): void {
  core.bus.register(
    describe({
      name: "community.invite",
      request_schema: inputSchema(["invitee_node_id"], {
        invitee_node_id: TEXT,
        client_id: TEXT,
        display_name: { type: "string", maxLength: MAX_DISPLAY_NAME },
        initial_level: TEXT,
        expires_at: TEXT,
        ttl_seconds: { type: "integer", minimum: 1 },
      }),
      response_schema: outputSchema({ type: "object", required: ["invite_blob"], properties: { invite_blob: TEXT } }),
    }),
    (call) => invite(core, call),
  );
  core.bus.register(
    describe({
      name: "community.revoke",
      trust: "trusted",
      request_schema: inputSchema(["client_id", "target_node_id", "reason", "co_signers"], {
        client_id: { type: "string", minLength: 1, maxLength: MAX_CLIENT_ID },
        target_node_id: TEXT,
        reason: TEXT,
        co_signers: {
          type: "array",
          maxItems: MAX_CO_SIGNERS,
          items: { type: "object", required: ["node_id", "signature"], properties: { node_id: TEXT, signature: TEXT } },
        },
      }),
      response_schema: outputSchema({
        type: "object",
        required: ["event_id", "lamport"],
        properties: { event_id: TEXT, lamport: { type: "integer" } },
      }),
    }),
    (call) => revoke(core, call),
  );
}

function levelOf(core: NodeCore, call: Call): Level {
  return call.level === "self" ? core.community.level(core.identity.id) : call.level;
}

async function invite(core: NodeCore, call: Call): Promise<UnaryResult> {
  const { rules, community, clock } = core;
  const { invitee_node_id: invitee, initial_level: initial = "member" } = call.input;
  if (!isNodeId(invitee)) throw badRequest(`Cannot invite: invitee_node_id is ${shown(invitee)}`);
  if (!rules.inviteLevels.includes(initial as Level)) {
    throw badRequest(`Cannot invite: initial_level is ${shown(initial)}`);
  }
  if (!rules.mayInvite(levelOf(core, call), community.policy().default_member_can_invite)) {
    throw new NodeError("unauthorized", "Cannot invite: the caller has no right to");
  }
  if (community.isRevoked(invitee)) throw badRequest("Cannot invite: the invitee was revoked");
  const data = { invitee_node_id: invitee, initial_level: initial, ...options(core, call) };
  if (rules.beforeAppend !== undefined) await rules.beforeAppend(core.clock);
  const { membership } = viewsOf(core);
  const known = rules.inviteIdempotent ? membership.openInvitation(call.caller, invitee, clock.wall()) : undefined;
  const earlier = known === undefined ? undefined : core.log.get(known.eventId);
  const event = earlier === undefined
    ? core.log.append(INVITED, data, onBehalfOf(call))
    : repeated(core, call, earlier);
  return { output: { invite_blob: blob(core, event) }, meta: { ...rules.eventAnswer(event) } };
}

function options(core: NodeCore, call: Call): JsonObject {
  const now = core.clock.wall();
  const ttlSeconds = optionalNumber(call.input, "ttl_seconds", core.rules.inviteTtlSeconds);
  const asked = optionalString(call.input, "expires_at");
  const until = asked === undefined ? now + ttlSeconds * 1000 : parseTimestamp(asked);
  if (until === undefined || until <= now) throw badRequest(`Cannot invite: expires_at is ${shown(asked)}`);
  return { display_name: optionalString(call.input, "display_name") ?? "", expires_at: timestamp(until) };
}

/** The invitation document; the same event always gives the same one, as long as the node stays where it is. */
function blob(core: NodeCore, event: EventEnvelope): string {
  const { identity, communityId } = core;
  const { invitee_node_id, initial_level, expires_at } = event.data;
  const document = core.seams.document("invite", {
    schema_version: 1,
    community_id: communityId,
    community_name: viewsOf(core).membership.name,
    inviter_node_id: identity.id,
    invitee_node_id: invitee_node_id ?? null,
    initial_level: initial_level ?? null,
    bootstrap_endpoints: core.manifest.current().endpoints.map((endpoint) => ({ ...endpoint })),
    expires_at: expires_at ?? null,
    invite_event_id: event.event_id,
  });
  return core.rules.inviteBlob(identity, document);
}

async function revoke(core: NodeCore, call: Call): Promise<UnaryResult> {
  const { rules, community } = core;
  const { input } = call;
  const { target_node_id: target, reason } = input;
  if (!isNodeId(target)) throw badRequest(`Cannot revoke: target_node_id is ${shown(target)}`);
  if (typeof reason !== "string" || !rules.revokeReasons.includes(reason)) {
    throw badRequest(`Cannot revoke: reason is ${shown(reason)}`);
  }
  if (target === core.communityId) throw badRequest("Cannot revoke: the target is the community's root");
  const earlier = earlierEvent(core, call, REVOKED);
  if (earlier !== undefined) return { output: rules.eventAnswer(repeated(core, call, earlier)) };

  const valid = validCoSigners(rules, "revoked", input, (id) => community.level(id));
  const signers = rules.revokeSigners(valid, call.caller);
  const needed = coSignersNeeded(rules, "revoked", community.policy() as unknown as JsonObject);
  if (signers.length < needed) {
    throw new NodeError("unauthorized", `Cannot revoke: ${signers.length} co-signers count, ${needed} are needed`);
  }
  if (rules.revokerMustCoSign && !signers.includes(call.caller)) {
    throw new NodeError("unauthorized", "Cannot revoke: the caller is none of the co-signers");
  }
  if (!community.isMember(target)) throw new NodeError("not_found", "Cannot revoke: the target is no member");
  const { client_id, co_signers } = input;
  const data = { client_id: client_id ?? null, target_node_id: target, reason, co_signers: co_signers ?? [] };
  return { output: rules.eventAnswer(await writeOnce(core, call, REVOKED, () => data)) };
}
