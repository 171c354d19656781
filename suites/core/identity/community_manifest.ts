/** The community manifest as a document: members, forms, signer, membership, log position. */

import {
  equals,
  hasMembers,
  holds,
  isArray,
  isBoolean,
  isInteger,
  isRecord,
  isText,
  matches,
  member,
  oneOf,
  status,
  type Verdict,
} from "../../../src/check/mod.ts";
import {
  COMMUNITY_MANIFEST_MEMBERS,
  COMMUNITY_POLICY_COUNTS,
  isObject,
  NODE_ID_PATTERN,
  parseTimestamp,
  verifyDocument,
} from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { communityManifest, itemsOf, nodeManifest } from "./helpers.ts";

const POLICY_BOOLEANS = ["federation_enabled", "default_member_can_invite"];
const LISTED_LEVELS = ["anchor", "trusted", "member"];

function isTimestamp(value: unknown, what: string): Verdict {
  return holds(parseTimestamp(value) !== undefined, `${what} is an RFC 3339 UTC timestamp ending in Z`, value);
}

export const communityManifestCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/identity/community-manifest-is-open",
    requirement: "IDN-024",
    brokenBy: ["community-manifest-behind-authentication"],
    effects: "none",
    async run(context) {
      context.must(status((await communityManifest(context)).answer, 200));
    },
  }),
  defineCase({
    id: "core/identity/community-manifest-members",
    requirement: "IDN-025",
    brokenBy: ["community-without-revoked", "community-version-text"],
    effects: "none",
    async run(context) {
      const { value, judge } = await communityManifest(context);
      judge(
        hasMembers(value, COMMUNITY_MANIFEST_MEMBERS, "the community manifest"),
        isInteger(value.version, "version"),
        equals(value.version, 1, "version"),
      );
    },
  }),
  defineCase({
    id: "core/identity/community-is-its-root-key",
    requirement: "IDN-026",
    brokenBy: ["community-id-random"],
    effects: "none",
    async run(context) {
      const { value, judge } = await communityManifest(context);
      judge(
        matches(value.community_id, NODE_ID_PATTERN, "community_id"),
        equals(value.community_id, value.root_key ?? null, "community_id"),
      );
    },
  }),
  defineCase({
    id: "core/identity/same-community-in-both-documents",
    requirement: "IDN-027",
    brokenBy: ["manifest-community-stale", "community-id-random"],
    effects: "none",
    async run(context) {
      const community = await communityManifest(context);
      const { value, judge } = await nodeManifest(context);
      judge(isText(value.community_id, "community_id of the node manifest"));
      judge(equals(value.community_id, community.value.community_id ?? null, "community_id of the node manifest"));
    },
  }),
  defineCase({
    id: "core/identity/community-manifest-signer",
    requirement: "IDN-028",
    brokenBy: ["community-signed-by-plain-member"],
    effects: "none",
    async run(context) {
      const { value, judge } = await communityManifest(context);
      const anchors = itemsOf(value.members).filter((entry) => member(entry, "level") === "anchor");
      const signers = [value.root_key, ...anchors.map((entry) => member(entry, "node_id"))];
      judge(holds(
        signers.some((id) => typeof id === "string" && verifyDocument(id, value)),
        "a signature that verifies with the root key or the key of a listed anchor",
        `none of ${signers.length} keys fits ${value.signature}`,
      ));
    },
  }),
  defineCase({
    id: "core/identity/policy-form",
    requirement: "IDN-029",
    brokenBy: ["community-policy-booleans-as-numbers"],
    effects: "none",
    async run(context) {
      const { value: { policy }, judge } = await communityManifest(context);
      judge(
        isRecord(policy, "policy"),
        ...COMMUNITY_POLICY_COUNTS.map((name) => isInteger(member(policy, name), `policy.${name}`)),
        ...POLICY_BOOLEANS.map((name) => isBoolean(member(policy, name), `policy.${name}`)),
      );
    },
  }),
  defineCase({
    id: "core/identity/member-entries-form",
    requirement: "IDN-030",
    brokenBy: ["community-lists-unknown-devices"],
    effects: "none",
    async run(context) {
      const { value, judge } = await communityManifest(context);
      judge(isArray(value.members, "members"));
      itemsOf(value.members).forEach((entry, i) => {
        const what = `members[${i}]`;
        judge(
          isRecord(entry, what),
          matches(member(entry, "node_id"), NODE_ID_PATTERN, `${what}.node_id`),
          oneOf(member(entry, "level"), LISTED_LEVELS, `${what}.level`),
          isTimestamp(member(entry, "added_at"), `${what}.added_at`),
          matches(member(entry, "added_by"), NODE_ID_PATTERN, `${what}.added_by`),
        );
      });
    },
  }),
  defineCase({
    id: "core/identity/node-is-member",
    requirement: "IDN-031",
    brokenBy: ["community-forgets-own-node"],
    effects: "none",
    async run(context) {
      const { value: { node_id: nodeId = null } } = await nodeManifest(context);
      const { value, judge } = await communityManifest(context);
      const ids = itemsOf(value.members).map((entry) => member(entry, "node_id"));
      judge(holds(ids.includes(nodeId), `${nodeId} among members[].node_id`, ids));
    },
  }),
  defineCase({
    id: "core/identity/root-is-anchor",
    requirement: "IDN-032",
    brokenBy: ["community-root-plain-member"],
    effects: "none",
    async run(context) {
      const { features } = context.target.profile;
      if (!features.has("fresh") && !features.has("managed")) {
        context.skip("the community was not founded for this run");
      }
      const { value, judge } = await communityManifest(context);
      const root = itemsOf(value.members).find((entry) => member(entry, "node_id") === value.root_key);
      judge(holds(root !== undefined, "root_key among members[].node_id", value.members));
      judge(equals(member(root, "level"), "anchor", "the level of root_key"));
    },
  }),
  defineCase({
    id: "core/identity/members-and-revoked-disjoint",
    requirement: "IDN-033",
    brokenBy: ["community-keeps-revoked-members", "community-lists-member-twice"],
    effects: "none",
    async run(context) {
      const { target, actors } = context;
      // Only a node of our own may be given a revocation to show; elsewhere the list is judged as it is.
      if (target.profile.features.has("fresh") && target.profile.root && target.profile.sync) await actors.revoked();
      const { value, judge } = await communityManifest(context);
      const ids = itemsOf(value.members).map((entry) => member(entry, "node_id"));
      const repeated = ids.filter((id, i) => ids.indexOf(id) !== i);
      judge(equals(repeated, [], "the list of ids that occur twice in members"));
      itemsOf(value.revoked).forEach((entry, i) => {
        const what = `revoked[${i}]`;
        judge(
          isRecord(entry, what),
          matches(member(entry, "node_id"), NODE_ID_PATTERN, `${what}.node_id`),
          isText(member(entry, "revoked_at"), `${what}.revoked_at`),
          holds(!ids.includes(member(entry, "node_id")), `${what} is absent from members`, entry),
        );
      });
    },
  }),
  defineCase({
    id: "core/identity/lamport-members",
    requirement: "IDN-034",
    brokenBy: ["community-created-at-wall-clock", "community-head-below-creation"],
    effects: "none",
    async run(context) {
      const { value, judge } = await communityManifest(context);
      judge(
        equals(value.lamport_at_creation, 0, "lamport_at_creation"),
        isInteger(value.head_lamport, "head_lamport", 0),
      );
    },
  }),
  defineCase({
    id: "core/identity/community-head-within-sync-head",
    requirement: "IDN-035",
    brokenBy: ["community-head-one-ahead", "community-head-is-wall-clock"],
    effects: "none",
    async run(context) {
      const { value, judge } = await communityManifest(context);
      const head = await context.target.head();
      if (head === undefined) return context.inconclusive("the head for sync cannot be read");
      judge(
        isInteger(value.head_lamport, "head_lamport"),
        holds(Number(value.head_lamport) <= head, `head_lamport of at most ${head}`, value.head_lamport),
      );
    },
  }),
  defineCase({
    id: "core/identity/community-timestamps",
    requirement: "IDN-036",
    brokenBy: ["community-created-at-unix-time"],
    effects: "none",
    async run(context) {
      const { value, judge } = await communityManifest(context);
      judge(
        isTimestamp(value.created_at, "created_at"),
        ...itemsOf(value.members).map((entry, i) => isTimestamp(member(entry, "added_at"), `members[${i}].added_at`)),
        ...itemsOf(value.revoked).filter(isObject).map((entry, i) =>
          isTimestamp(entry.revoked_at, `revoked[${i}].revoked_at`)
        ),
      );
    },
  }),
];
