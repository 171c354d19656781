/** protocol.self.describe: the descriptor, and its agreement with the other self-descriptions. */

import { equals, holds, isArray, isText, oneOf, type Verdict } from "../../../../src/check/mod.ts";
import { isObject, type Json, type JsonObject } from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import { advertisedEntries, entryName } from "../helpers.ts";
import { contractMajors, protocolMajor, selfDescription, versionList } from "./helpers.ts";

/** Tiers of M32 §5.2, and the stability words of the contracts, which say the same in other words. */
const TIERS = ["stable", "provisional", "experimental", "beta", "deprecated"];
/** Prefixes whose names the contracts list as stable; evidence and civdef are disputed (see conflicts). */
const STABLE_PREFIXES =
  /^(llm|embed|rag|file|market|chat|community|federation|ocr|trans|stt|tts|img|rerank|auth|protocol)\./;

/** A string or null; left out counts as null. */
function optionalText(value: Json | undefined, what: string): Verdict {
  return holds(
    value === undefined || value === null || typeof value === "string",
    `${what} is a string or null`,
    value,
  );
}

/** Capabilities of a description with their tiers; undefined where it has no list. */
function described(description: JsonObject): readonly JsonObject[] | undefined {
  const { capabilities } = description;
  return Array.isArray(capabilities) ? capabilities.filter(isObject) : undefined;
}

function tierOf({ tier, stability }: JsonObject): Json | undefined {
  return tier ?? stability;
}

async function capabilityList(context: CaseContext): Promise<readonly JsonObject[]> {
  const list = described(await selfDescription(context));
  return list ?? context.skip("self.describe has no list of capabilities");
}

export const descriptionCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/description-members",
    requirement: "PRO-008",
    brokenBy: ["describe-is-node-manifest", "describe-without-vendor"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { name, vendor, version, protocol_versions: versions, homepage_url, contact } = await selfDescription(
        context,
      );
      must.all(
        isText(name, "name"),
        isText(vendor, "vendor"),
        isText(version, "version"),
        isArray(versions, "protocol_versions"),
        optionalText(homepage_url, "homepage_url"),
        optionalText(contact, "contact"),
      );
      must.hold(Array.isArray(versions) && versions.length > 0, "protocol_versions names a version", "an empty array");
    },
  }),
  defineCase({
    id: "core/bus/protocol-version-form",
    requirement: "PRO-009",
    brokenBy: ["protocol-version-with-letter"],
    effects: "none",
    async run(context) {
      const { protocol_versions: versions } = await selfDescription(context);
      context.must(isArray(versions, "protocol_versions"));
      for (const version of Array.isArray(versions) ? versions : []) {
        const form = "three numbers and an optional suffix, as text or object";
        context.must.hold(protocolMajor(version) !== undefined, form, version);
      }
    },
  }),
  defineCase({
    id: "core/bus/description-and-version-list",
    requirement: "PRO-010",
    brokenBy: ["implementation-version-outdated"],
    effects: "none",
    async run(context) {
      const { name, version } = await selfDescription(context);
      const { implementation } = await versionList(context);
      const listed = isObject(implementation) ? implementation : {};
      context.must.all(
        equals(listed.name, name ?? null, "implementation.name of version.list"),
        equals(listed.version, version ?? null, "implementation.version of version.list"),
      );
    },
  }),
  defineCase({
    id: "core/bus/protocol-and-contract-majors",
    requirement: "PRO-011",
    brokenBy: ["protocol-version-ahead"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { protocol_versions: versions } = await selfDescription(context);
      const protocols = (Array.isArray(versions) ? versions : []).map(protocolMajor).filter((m) => m !== undefined);
      const contracts = contractMajors((await versionList(context)).contract_versions);
      for (const major of protocols) must(oneOf(major, contracts, "a major of protocol_versions"));
      must(equals(Math.max(...protocols, 0), Math.max(...contracts, 0), "the highest major of protocol_versions"));
    },
  }),
  defineCase({
    id: "core/bus/description-tiers",
    requirement: "PRO-012",
    brokenBy: ["describe-without-tiers"],
    effects: "none",
    async run(context) {
      const { should } = context;
      const list = described(await selfDescription(context));
      should.hold(list !== undefined, "self.describe lists the capabilities", "no array under capabilities");
      for (const entry of list ?? []) should(oneOf(tierOf(entry), TIERS, `the tier of ${entryName(entry)}`));
    },
  }),
  defineCase({
    id: "core/bus/tiers-and-namespace",
    requirement: "PRO-013",
    brokenBy: ["tier-experimental-outside"],
    effects: "none",
    async run(context) {
      for (const entry of await capabilityList(context)) {
        const name = String(entry.name);
        const experimental = tierOf(entry) === "experimental";
        const what = `the tier of ${entryName(entry)}`;
        if (name.startsWith("experimental.")) context.must(equals(tierOf(entry), "experimental", what));
        else if (STABLE_PREFIXES.test(name)) {
          context.must.hold(!experimental, `${what} is not experimental`, "experimental");
        }
      }
    },
  }),
  defineCase({
    id: "core/bus/description-and-manifest",
    requirement: "PRO-014",
    brokenBy: ["describe-unregistered"],
    effects: "none",
    async run(context) {
      const names = (list: readonly JsonObject[]) => [...new Set(list.map(entryName))].sort();
      const list = described(await selfDescription(context));
      if (list === undefined) return context.skip("self.describe has no list of capabilities");
      const { entries } = await advertisedEntries(context);
      const [inDescription, advertised] = [names(list), names(entries)];
      const only = (a: readonly string[], b: readonly string[]) => a.filter((name) => !b.includes(name));
      const [more, fewer] = [only(inDescription, advertised), only(advertised, inDescription)];
      context.should.hold(
        more.length === 0 && fewer.length === 0,
        "the same capabilities in self.describe and in the manifest",
        `only described: ${more.join(", ") || "none"}; only advertised: ${fewer.join(", ") || "none"}`,
      );
    },
  }),
];
