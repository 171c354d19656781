/** Faults of the reference node: membership, trust decisions, policy, founding. */

import { atLeast } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import { eventsRules } from "../rules/events.ts";

const { coSigned } = eventsRules;

export const eventsMembershipFaults = faults({
  "joined-needs-membership": {
    // Nobody can be enrolled under it, so hardly any other case gets as far as its own question.
    breaks: ["EVT-026"],
    rules: { mayWriteEvent: (_event, author) => author.member || author.root },
  },
  "invitation-for-anyone": {
    breaks: ["EVT-027"],
    rules: {
      invitationAdmits: (invitation, joined) =>
        invitation !== undefined &&
        eventsRules.invitationAdmits({ ...invitation, invitee: joined.author }, joined),
    },
  },
  "joined-without-invitation": {
    breaks: ["EVT-024", "EVT-027", "EVT-028", "EVT-029"],
    rules: { invitationAdmits: () => true },
  },
  "invitation-never-expires": {
    breaks: ["EVT-029"],
    rules: {
      invitationAdmits: (invitation, joined) =>
        invitation !== undefined && eventsRules.invitationAdmits({ ...invitation, expiresAt: undefined }, joined),
    },
  },
  "joined-level-always-member": {
    breaks: [
      "EVT-022",
      "EVT-030",
      "EVT-053",
      "EVT-057",
      "EVT-058",
      "EVT-060",
      "EVT-070",
      "IDN-039",
      "IDN-077",
      "BUS-032",
      "BUS-036",
      "TOK-052",
      "TOK-059",
      "KBS-028",
      "KBS-029",
      "MKT-031",
      "CHT-020",
    ],
    rules: { joinedLevel: () => "member" },
  },
  "promotion-by-any-member": {
    breaks: ["EVT-057"],
    rules: {
      trustDecisionLevel: "member",
      coSigned: { ...coSigned, promoted: { policyMember: undefined, fallback: 0 } },
    },
  },
  "demotion-by-one": {
    breaks: ["EVT-058"],
    rules: { coSigned: { ...coSigned, demoted: coSigned.promoted } },
  },
  "revocation-without-co-signers": {
    breaks: ["EVT-059", "IDN-073", "IDN-074", "IDN-075", "IDN-076"],
    rules: { coSigned: { ...coSigned, revoked: { policyMember: undefined, fallback: 0 } } },
  },
  "co-signatures-unverified": {
    breaks: ["EVT-059", "IDN-075"],
    rules: { coSignerCounts: (level) => atLeast(level, "trusted") },
  },
  "co-signers-repeated": {
    breaks: ["EVT-059", "IDN-074"],
    rules: { coSignersDistinct: false },
  },
  "community-manifest-never-remade": {
    breaks: ["EVT-055", "EVT-057", "EVT-058", "EVT-060", "EVT-062", "EVT-059"],
    rules: { manifestStale: () => false },
  },
  "policy-of-founding-for-ever": {
    breaks: ["EVT-055", "IDN-071"],
    rules: { policyCounts: () => false },
  },
  "policy-from-any-member": {
    breaks: ["EVT-056"],
    rules: { policyCounts: () => true },
  },
  "community-created-again": {
    breaks: ["EVT-061"],
    rules: { createdCounts: (event, communityId) => event.author === communityId },
  },
  "community-edited-without-signing": {
    breaks: ["EVT-062", "IDN-028"],
    outbound: (answer) => {
      const { body } = answer;
      if (answer.route !== "/community/manifest" || typeof body !== "object" || body instanceof Uint8Array) {
        return answer;
      }
      const members = Array.isArray(body.members) ? body.members : [];
      return { ...answer, body: { ...body, members: members.toReversed() } };
    },
  },
  "community-manifest-head-stale": {
    breaks: ["EVT-062"],
    rules: { manifestHead: () => 0 },
  },
});
