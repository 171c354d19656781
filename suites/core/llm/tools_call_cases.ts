/** llm.tools.call: another capability in the caller's name, with the caller's rights. CONTRACT2 §4.24; M21 §4.7, §4.8, §5, §7. */

import { describe, equals, errorCode, holds, member, of, output, refusedWith } from "../../../src/check/mod.ts";
import { type Json, type JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { CallOptions } from "../../../src/target/call.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { issued, probe, trustedOnlyCall } from "../tokens/helpers.ts";

const NAME = "llm.tools.call";
/** Attempts to see the same answer twice on a node that others use. */
const ATTEMPTS = 3;
/** Levels of nesting, above the six of M21 §4.7. */
const DEEP = 10;
/** Life of a token in seconds. */
const TOKEN_SECONDS = 600;
/** Corpus that exists nowhere. */
const FRESH_CORPUS = "tool-path";

async function toolCall(
  { target, actors }: CaseContext,
  capability: string,
  body: Json,
  options: CallOptions & { readonly actor?: Actor } = {},
): Promise<HttpAnswer> {
  const { actor = await actors.member(), ...more } = options;
  const input = { tool_call_id: `tc_${target.id()}`, target_capability: capability, target_body: body };
  return await target.call(actor, NAME, input, more);
}

/** Names of the corpora that a member is shown. */
async function corpora({ target, actors }: CaseContext): Promise<readonly Json[]> {
  if (target.advertised("rag.list_corpora") === undefined) return [];
  const checked = output(await target.call(await actors.member(), "rag.list_corpora", {}));
  const list = "value" in checked ? checked.value.corpora : [];
  return Array.isArray(list) ? list.map((entry) => member(entry, "name") ?? null) : [];
}

export const toolsCallCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/tool-path-mirrors-the-target",
    requirement: "LLM-057",
    brokenBy: ["tool-answer-wrapped"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const { name, entry, body } = probe(target);
      for (let left = ATTEMPTS; left > 0; left--) {
        const direct = must.get(output(await target.busCall(await actors.member(), name, { body })));
        const answer = await toolCall(context, entry, body);
        const different = equals(must.get(output(answer)), direct, `the output of ${entry}`);
        if (different === undefined) return;
        if (left === 1) must(of(answer, different));
      }
    },
  }),
  defineCase({
    id: "core/llm/tool-path-checks-the-target-body",
    requirement: "LLM-058",
    brokenBy: ["tool-refusal-wrapped"],
    effects: "none",
    async run(context) {
      const answer = context.target.advertised("file.read") !== undefined
        ? await toolCall(context, "file.read@1.0", { params: {}, input: {} })
        : await toolCall(context, "rag.query@1.0", { params: {}, input: { query: "hearth", k: 21 } });
      context.must(refusedWith(answer, "bad_request", "schema_mismatch"));
    },
  }),
  defineCase({
    id: "core/llm/tool-path-to-nowhere",
    requirement: "LLM-059",
    brokenBy: ["unknown-tool-target-is-empty"],
    effects: "none",
    async run(context) {
      const answer = await toolCall(context, "no.such@1.0", { params: {}, input: {} });
      context.must(refusedWith(answer, "not_found", "bad_request", "schema_mismatch"));
    },
  }),
  defineCase({
    id: "core/llm/tool-path-keeps-the-callers-rights",
    requirement: "LLM-060",
    brokenBy: ["tool-path-as-the-node"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const before = await corpora(context);
      const names = ["rag.ingest", "file.put"].filter((name) => target.advertised(name) !== undefined);
      if (names.length === 0) return context.skip("neither rag.ingest nor file.put is advertised");
      for (const name of names) {
        const { entry, body } = trustedOnlyCall(target, name);
        const params = name === "rag.ingest" ? { corpus: FRESH_CORPUS } : body.params ?? {};
        must(refusedWith(await toolCall(context, entry, { ...body, params }), "unauthorized"));
      }
      const after = await corpora(context);
      const stored = after.includes(FRESH_CORPUS) && !before.includes(FRESH_CORPUS);
      must.hold(!stored, `no corpus ${FRESH_CORPUS}`, after);
    },
  }),
  defineCase({
    id: "core/llm/tool-path-needs-the-targets-scope",
    requirement: "LLM-061",
    brokenBy: ["tool-scope-of-wrapper-alone"],
    effects: "writes",
    async run(context) {
      const { actors, must } = context;
      const alice = await actors.member();
      const [wrapper, query] = [`${NAME}@1.0`, "rag.query@1.0"];
      const [corpus = "default"] = await corpora(context);
      const body: JsonObject = { params: { corpus }, input: { query: "hearth" } };
      const present = async (capabilities: string[]) => {
        const request = { subject: alice.id, scope: { capabilities }, ttl_seconds: TOKEN_SECONDS };
        const { token } = await issued(context, alice, request);
        return await toolCall(context, query, body, { actor: alice, token, signature: "none" });
      };
      const covered = await present([wrapper, query]);
      const code = errorCode(covered);
      if (covered.status === 401 || code === "token_scope_insufficient") {
        return context.inconclusive(`a token for both is refused: ${describe(covered)}`);
      }
      must(refusedWith(await present([wrapper]), "token_scope_insufficient"));
    },
  }),
  defineCase({
    id: "core/llm/tool-path-is-bounded",
    requirement: "LLM-062",
    brokenBy: ["tool-nesting-unlimited"],
    effects: "none",
    async run(context) {
      const { entry, body } = probe(context.target);
      const wrapper = `${NAME}@1.0`;
      let [capability, nested] = [entry, body];
      for (let level = 1; level < DEEP; level++) {
        const input = { tool_call_id: `tc_${level}`, target_capability: capability, target_body: nested };
        [capability, nested] = [wrapper, { params: {}, input }];
      }
      const answer = await toolCall(context, capability, nested);
      const refused = answer.status >= 400 && answer.status < 500;
      context.should(of(answer, holds(refused, `a 4xx for ${DEEP} nested calls`, describe(answer))));
    },
  }),
];
