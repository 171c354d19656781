/** The switch of the experimental capabilities, and the manifest members of contract 3. */

import { describe, errorCode, isBoolean, isRecord, isString, oneOf, refusedWith } from "../../../../src/check/mod.ts";
import { equals, succeeded } from "../../../../src/check/mod.ts";
import { isObject, type JsonObject } from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import { advertisedEntries, entryName, probes, send } from "../helpers.ts";

const EXPERIMENTAL = "experimental.";
const FLAG = "experimental_capabilities_enabled";
const OPT_INS = ["fedlearn", "distributed_inference", "moe_human_routing"];
/** Prefixes that need an opt-in, and its member. */
const OPT_IN_OF: readonly (readonly [prefix: string, member: string])[] = [
  ["experimental.distributed_llm.", "distributed_inference"],
  ["experimental.fedlearn.", "fedlearn"],
];
/** Experimental names of contract 3, reads among them. */
const NAMES = ["experimental.moe.route", "experimental.fedlearn.round.start", "experimental.distributed_llm.chat"];
const ROUTE = { params: {}, input: { prompt: "Which expert knows about chimneys?", top_k: 1 } };
const CLAIM = "evidence.claim.assert";
/** Answers that give away what is installed before the switch is looked at (PRO-031). */
const VALIDATED = ["bad_request", "schema_mismatch"];

/** Experimental entries and the flag of one manifest. */
async function switched(context: CaseContext) {
  const { manifest, entries, exchange } = await advertisedEntries(context);
  const experimental = entries.filter(({ name }) => String(name).startsWith(EXPERIMENTAL));
  return { manifest, experimental, on: manifest[FLAG] === true, exchange };
}

/** Skips while the experimental capabilities are switched on. */
async function requireOff(context: CaseContext): Promise<void> {
  if ((await switched(context)).on) context.skip("experimental capabilities are switched on");
}

function optIn(manifest: JsonObject): JsonObject {
  return isObject(manifest.research_opt_in) ? manifest.research_opt_in : {};
}

export const experimentalCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/experimental-is-off-by-default",
    requirement: "PRO-028",
    brokenBy: ["experimental-advertised-while-off"],
    effects: "none",
    async run(context) {
      const { experimental, on, exchange } = await switched(context);
      if (on) return context.skip("experimental capabilities are switched on");
      const listed = experimental.map(entryName).join(", ");
      context.must.hold(experimental.length === 0, `no ${EXPERIMENTAL} capability is advertised`, listed, exchange);
    },
  }),
  defineCase({
    id: "core/bus/experimental-flag",
    requirement: "PRO-029",
    brokenBy: ["experimental-flag-left-out"],
    effects: "none",
    async run(context) {
      const { manifest, experimental } = await switched(context);
      if (experimental.length === 0) return context.note("no experimental capability is advertised");
      context.must(equals(manifest[FLAG], true, `${FLAG} of a manifest that lists ${experimental.map(entryName)}`));
    },
  }),
  defineCase({
    id: "core/bus/experimental-disabled",
    requirement: "PRO-030",
    brokenBy: ["experimental-served-while-off"],
    effects: "none",
    async run(context) {
      const { target, actors, must, note } = context;
      await requireOff(context);
      const [name = ""] = NAMES;
      const answer = await target.busCall(await actors.member(), name, { version: "1.0", body: ROUTE });
      must(refusedWith(answer, "experimental_disabled", "not_found"));
      if (errorCode(answer) === "not_found") note("the switched off capability is answered not_found");
    },
  }),
  defineCase({
    id: "core/bus/experimental-switch-comes-first",
    requirement: "PRO-031",
    brokenBy: ["experimental-validated-first"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      await requireOff(context);
      const actor = await actors.member();
      for (const name of NAMES) {
        for (const body of [{}, { params: {}, input: {} }]) {
          const answer = await target.busCall(actor, name, { version: "1.0", body, accept: "application/json" });
          const told = answer.status === 200 || VALIDATED.includes(errorCode(answer) ?? "");
          const expected = `${name} is refused before its body is looked at`;
          must.hold(answer.status > 0 && !told, expected, describe(answer), answer.exchange);
        }
      }
    },
  }),
  defineCase({
    id: "core/bus/contract-3-manifest-members",
    requirement: "PRO-032",
    brokenBy: ["opt-ins-as-text", "civdef-profile-left-out"],
    effects: "none",
    async run(context) {
      const { should } = context;
      const { manifest } = await switched(context);
      const { civdef_profile: civdef, research_opt_in: research } = manifest;
      should.all(
        isBoolean(manifest[FLAG], FLAG),
        isRecord(civdef, "civdef_profile"),
        isRecord(research, "research_opt_in"),
      );
      const profile = isObject(civdef) ? civdef : {};
      should.all(
        isBoolean(profile.active, "civdef_profile.active"),
        profile.authority === null ? undefined : isString(profile.authority, "civdef_profile.authority"),
        profile.audit_endpoint === null ? undefined : isString(profile.audit_endpoint, "civdef_profile.audit_endpoint"),
      );
      for (const name of OPT_INS) should(isBoolean(optIn(manifest)[name], `research_opt_in.${name}`));
    },
  }),
  defineCase({
    id: "core/bus/opt-ins-and-capabilities",
    requirement: "PRO-033",
    brokenBy: ["fedlearn-without-opt-in"],
    effects: "none",
    async run(context) {
      const { manifest, experimental } = await switched(context);
      for (const entry of experimental) {
        const needed = OPT_IN_OF.find(([prefix]) => String(entry.name).startsWith(prefix))?.[1];
        if (needed === undefined) continue;
        const what = `research_opt_in.${needed} beside ${entryName(entry)}`;
        context.should(equals(optIn(manifest)[needed], true, what));
      }
    },
  }),
  defineCase({
    id: "core/bus/inert-without-conformance",
    requirement: "PRO-035",
    brokenBy: ["core-down-without-conformance"],
    effects: "writes",
    async run(context) {
      const { target, actors, should, note, random } = context;
      const actor = await actors.member();
      const input = { client_id: target.id(), statement: `the hearth is warm ${random.word()}`, confidence: 0.5 };
      const answer = await target.call(actor, CLAIM, input);
      const code = errorCode(answer);
      if (code !== "conformance_failed") note(`the claim is answered ${answer.status} ${code ?? ""}`);
      should(oneOf(answer.status >= 200 && answer.status < 500, [true], "a normal answer or conformance_failed"));
      for (const { name, version, body } of probes(target)) {
        should(succeeded(await send(target, actor, name, version, body)));
      }
    },
  }),
];
