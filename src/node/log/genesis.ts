/** How a community begins, and how a further node with the same root key enters it. CONTRACT §7.2; M13 §3.1. */

import { timestamp } from "../../protocol/mod.ts";
import { coSignedPayloads } from "./co_signers.ts";
import { canonicalBytes, signText } from "../../protocol/mod.ts";
import type { CommunityLog, LogCore } from "./event_log.ts";

/**
 * Founds the community if the log is empty, and makes the node a member. A further node with the same root key does the
 * same: of several foundings the first in log order counts, so both agree once each has the other's events.
 */
export function establish(core: LogCore, log: CommunityLog): void {
  const { root } = core.options;
  log.batch(() => {
    if (log.count() === 0) {
      log.appendAs(root, "community.created", {
        name: core.options.communityName,
        founder_node_id: root.id,
        policy: core.rules.foundingPolicy,
      });
    }
    if (!log.views.membership.isMember(core.identity.id)) enter(core, log);
  });
}

/**
 * Invitation by root, joining by the node, and promotion: an anchor may sign the community manifest. Repeated later it
 * changes nothing in a log that has the first one, and admits the node wherever that never arrived.
 */
export function enter(core: LogCore, log: CommunityLog): void {
  const { identity, rules, clock } = core;
  const { root } = core.options;
  if (identity.id === root.id) return;
  const lifeMs = rules.inviteTtlSeconds * 1000;
  log.batch(() => {
    const invited = log.appendAs(root, "community.member.invited", {
      invitee_node_id: identity.id,
      display_name: core.options.communityName,
      initial_level: "trusted",
      expires_at: timestamp(clock.wall() + lifeMs),
    });
    log.appendAs(identity, "community.member.joined", {
      invite_event_id: invited.event_id,
      node_manifest: { node_id: identity.id },
    });
    const promotion = { new_level: "anchor", target_node_id: identity.id };
    const payload = canonicalBytes(coSignedPayloads("promoted", promotion)[0] ?? promotion);
    log.appendAs(root, "community.member.promoted", {
      ...promotion,
      co_signers: [{ node_id: root.id, signature: signText(root, payload) }],
    });
  });
}
