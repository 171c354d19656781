/** The community manifest and the questions the rest of the node asks. CONTRACT §6.2; wire-format.md section 10. */

import {
  type CommunityManifest,
  type CommunityPolicy,
  type JsonObject,
  type Level,
  signDocument,
} from "../../protocol/mod.ts";
import type { CommunityView } from "../core.ts";
import type { CommunityLog, LogCore } from "./event_log.ts";

export class LoggedCommunity implements CommunityView {
  #cached: { readonly version: number; readonly manifest: CommunityManifest } | undefined;

  constructor(private readonly core: LogCore, private readonly log: CommunityLog) {}

  level(nodeId: string): Level {
    return this.log.views.membership.level(nodeId);
  }

  isRevoked(nodeId: string): boolean {
    return this.log.views.membership.isRevoked(nodeId);
  }

  isMember(nodeId: string): boolean {
    return this.log.views.membership.isMember(nodeId);
  }

  policy(): CommunityPolicy {
    return this.log.views.membership.policy;
  }

  members(): readonly { readonly node_id: string; readonly level: Level }[] {
    return this.log.views.membership.members();
  }

  manifest(): CommunityManifest {
    const { version } = this.log.views;
    if (this.#cached === undefined || this.core.rules.manifestStale(this.#cached.version, version)) {
      this.#cached = { version, manifest: this.#sign() };
    }
    return this.#cached.manifest;
  }

  #sign(): CommunityManifest {
    const { communityId, rules, seams, identity, options } = this.core;
    const { membership } = this.log.views;
    const document = seams.document("community-manifest", {
      version: 1,
      community_id: communityId,
      name: membership.name,
      root_key: communityId,
      created_at: membership.createdAt,
      lamport_at_creation: 0,
      policy: membership.policy as unknown as JsonObject,
      members: rules.listedMembers(membership.members(), identity.id).map((member) => ({ ...member })),
      revoked: membership.revoked(),
      head_lamport: rules.manifestHead(this.log.head()),
    });
    const signer = rules.manifestSigner(membership.level(identity.id)) === "node" ? identity : options.root;
    return signDocument(signer, document) as unknown as CommunityManifest;
  }
}
