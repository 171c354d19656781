/** The node manifest as a document: members, forms, lifetime, signature. */

import {
  equals,
  hasMediaType,
  hasMembers,
  isInteger,
  matches,
  okObject,
  oneOf,
  status,
} from "../../../src/check/mod.ts";
import { NODE_ID_PATTERN, parseTimestamp, PROFILES, publicKeyOf } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";

const MEMBERS = [
  "version",
  "contract_version",
  "node_id",
  "display_name",
  "community_id",
  "profile",
  "endpoints",
  "hardware",
  "capabilities",
  "uptime_seconds",
  "load",
  "issued_at",
  "expires_at",
  "signature",
];

export const documentCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/identity/manifest-is-open",
    requirement: "IDN-001",
    brokenBy: ["manifest-behind-authentication"],
    effects: "none",
    async run({ target, must }) {
      const answer = await target.manifest();
      must.all(status(answer, 200), hasMediaType(answer, "application/json"));
      must.get(okObject(answer));
    },
  }),
  defineCase({
    id: "core/identity/manifest-members",
    requirement: "IDN-002",
    brokenBy: ["manifest-without-load"],
    effects: "none",
    async run({ target, must }) {
      must(hasMembers(must.get(okObject(await target.manifest())), MEMBERS, "the manifest"));
    },
  }),
  defineCase({
    id: "core/identity/manifest-version",
    requirement: "IDN-003",
    brokenBy: ["manifest-version-is-contract"],
    effects: "none",
    async run({ target, must }) {
      const manifest = must.get(okObject(await target.manifest()));
      must.all(isInteger(manifest.version, "version"), equals(manifest.version, 1, "version"));
    },
  }),
  defineCase({
    id: "core/identity/node-id-form",
    requirement: "IDN-005",
    brokenBy: ["manifest-node-id-short"],
    effects: "none",
    async run({ target, must }) {
      const manifest = must.get(okObject(await target.manifest()));
      must(matches(manifest.node_id, NODE_ID_PATTERN, "node_id"));
      must(equals(publicKeyOf(String(manifest.node_id))?.length, 32, "the length of the decoded key"));
    },
  }),
  defineCase({
    id: "core/identity/profile",
    requirement: "IDN-007",
    brokenBy: ["manifest-profile-capitalised"],
    effects: "none",
    async run({ target, must }) {
      must(oneOf(must.get(okObject(await target.manifest())).profile, PROFILES, "profile"));
    },
  }),
  defineCase({
    id: "core/identity/manifest-lifetime",
    requirement: "IDN-016",
    brokenBy: ["manifest-ttl-300"],
    effects: "none",
    async run({ target, must }) {
      for (let i = 0; i < 3; i++) {
        const manifest = must.get(okObject(await target.manifest()));
        const issued = parseTimestamp(manifest.issued_at) ?? NaN;
        const expires = parseTimestamp(manifest.expires_at) ?? NaN;
        must(equals((expires - issued) / 1000, 30, "expires_at minus issued_at in seconds"));
      }
    },
  }),
];
