/** Faults of the reference node: who is admitted as caller and peer, invitations, revocations. */

import { atLeast, base64url, canonicalBytes, encodeInvite, identityFromSeed, without } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import { soundRules } from "../rules.ts";

const INVITED = "community.member.invited";
/** A key that is not the inviter's. */
const STRANGE_KEY = identityFromSeed(new Uint8Array(32).fill(7));

export const identityTrustFaults = faults({
  "admits-only-own-key": {
    breaks: [
      "IDN-037",
      "IDN-063",
      "IDN-064",
      "IDN-065",
      "IDN-066",
      "IDN-067",
      "IDN-068",
      "IDN-069",
      "IDN-070",
      "IDN-072",
      "IDN-077",
      "*",
    ],
    rules: { admits: () => false },
  },
  "admits-any-signature": {
    breaks: [
      "IDN-038",
      "TRN-042",
      "WSK-016",
      "EVT-028",
      "TOK-018",
      "FIL-021",
      "KBS-021",
      "LLM-032",
      "MKT-015",
      "MKT-027",
      "CHT-019",
      "EMB-017",
    ],
    rules: {
      admits: () => true,
      trustPasses: (level, required) => level === "unknown" || soundRules.trustPasses(level, required),
    },
  },
  "revoked-answered-as-strangers": {
    breaks: ["IDN-039", "IDN-077", "CHT-020", "BUS-036"],
    rules: { refusesRevoked: () => false },
  },
  "revoked-still-served": {
    breaks: ["IDN-039", "IDN-077", "CHT-020", "BUS-036"],
    rules: {
      refusesRevoked: () => false,
      admits: (caller, level, core) => level !== "unknown" || core.community.isRevoked(caller),
      trustPasses: (level, required) => required === "member" || soundRules.trustPasses(level, required),
    },
  },
  "peer-signature-unchecked": {
    breaks: ["IDN-063"],
    rules: { peerSignatureChecked: false },
  },
  "peer-expiry-unchecked": {
    breaks: ["IDN-064"],
    rules: { peerExpiryChecked: false },
  },
  "peer-key-not-pinned": {
    breaks: ["IDN-065"],
    rules: { peerKeyPinned: false },
  },
  "peer-community-unchecked": {
    breaks: ["IDN-066"],
    rules: { peerCommunityChecked: false },
  },
  "peer-membership-unchecked": {
    breaks: ["IDN-067"],
    rules: { peerMembershipChecked: false },
  },
  "invite-records-nothing": {
    breaks: ["IDN-068", "IDN-070"],
    log: (event) => event.event_type === INVITED && "on_behalf_of" in event.data ? null : event,
  },
  "invite-without-event-id": {
    breaks: ["IDN-068", "IDN-070"],
    rules: {
      unaryBody: (result, ms, descriptor) =>
        descriptor.name === "community.invite"
          ? { output: result.output, meta: { ms } }
          : soundRules.unaryBody(result, ms, descriptor),
    },
  },
  "invite-unsigned": {
    breaks: ["IDN-069"],
    rules: { inviteBlob: (_inviter, document) => `ed25519:${base64url(canonicalBytes(document))}` },
  },
  "invite-signed-by-another-key": {
    breaks: ["IDN-069"],
    rules: { inviteBlob: (_inviter, document) => encodeInvite(STRANGE_KEY, document) },
  },
  "invite-without-expiry": {
    breaks: ["IDN-069"],
    document: (kind, value) => kind === "invite" ? without(value, "expires_at") : value,
  },
  "invite-anew-each-time": {
    breaks: ["IDN-070"],
    rules: { inviteIdempotent: false },
  },
  "invite-ignores-policy": {
    breaks: ["IDN-071"],
    rules: { mayInvite: (level) => atLeast(level, "member") },
  },
  "invite-copies-level": {
    breaks: ["IDN-072"],
    rules: { inviteLevels: ["member", "trusted", "anchor"] },
  },
  "revoke-counts-caller-twice": {
    breaks: ["IDN-073", "IDN-075", "IDN-076"],
    rules: { revokeSigners: (valid, caller) => [...valid, caller] },
  },
  "revoke-counts-repeats": {
    breaks: ["IDN-074", "EVT-059"],
    rules: { coSignersDistinct: false },
  },
  "revoke-trusts-signers-blindly": {
    breaks: ["IDN-075", "EVT-059"],
    rules: { coSignerCounts: (level) => atLeast(level, "trusted") },
  },
  "revoke-counts-plain-members": {
    breaks: ["IDN-076"],
    rules: { coSignerCounts: (level, signatureValid) => signatureValid && atLeast(level, "member") },
  },
  "revocation-without-effect": {
    breaks: ["IDN-039", "IDN-077", "BUS-036", "EVT-022", "EVT-060", "EVT-070", "TOK-052", "CHT-020"],
    rules: { decisionCounts: (kind) => kind !== "revoked" },
  },
});
