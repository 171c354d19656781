/** Which requests embed.text takes. CONTRACT §4.3; M11. */

import { refusedAsBadBody, refusedWith } from "../../../src/check/mod.ts";
import type { JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { embed, embedInput, MAX_CHARACTERS, MAX_TEXTS, mustEmbed, TEXTS } from "./helpers.ts";

/** Short texts, all different. */
function manyTexts(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `log ${i}`);
}

/** A text of a length, in words. */
function longText(characters: number): string {
  return "ember ".repeat(Math.ceil(characters / "ember ".length)).slice(0, characters);
}

async function refusesInput(context: CaseContext, input: JsonObject): Promise<void> {
  context.must(refusedAsBadBody(await embedInput(context, input)));
}

export const requestCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/embedding/accepts-256-texts",
    requirement: "EMB-009",
    brokenBy: ["embed-at-most-255-texts"],
    effects: "none",
    async run(context) {
      await mustEmbed(context, manyTexts(MAX_TEXTS));
    },
  }),
  defineCase({
    id: "services/embedding/refuses-257-texts",
    requirement: "EMB-010",
    brokenBy: ["embed-cuts-long-lists"],
    effects: "none",
    async run(context) {
      context.must(refusedAsBadBody(await embed(context, manyTexts(MAX_TEXTS + 1))));
    },
  }),
  defineCase({
    id: "services/embedding/refuses-no-texts",
    requirement: "EMB-011",
    brokenBy: ["embed-of-nothing"],
    effects: "none",
    async run(context) {
      await refusesInput(context, { texts: [] });
    },
  }),
  defineCase({
    id: "services/embedding/refuses-long-text-among-others",
    requirement: "EMB-012",
    brokenBy: ["embed-measures-first-text"],
    effects: "none",
    async run(context) {
      await refusesInput(context, { texts: ["ok", longText(MAX_CHARACTERS + 1)] });
    },
  }),
  defineCase({
    id: "services/embedding/accepts-8192-characters",
    requirement: "EMB-013",
    brokenBy: ["embed-token-limit-as-error"],
    effects: "none",
    async run(context) {
      await mustEmbed(context, [longText(MAX_CHARACTERS)]);
    },
  }),
  defineCase({
    id: "services/embedding/refuses-unknown-model",
    requirement: "EMB-014",
    brokenBy: ["embed-any-model-name"],
    effects: "none",
    async run(context) {
      const answer = await embedInput(context, { texts: TEXTS.slice(0, 1) }, { params: { model: "no-such-model" } });
      context.must(refusedWith(answer, "not_found"));
    },
  }),
  defineCase({
    id: "services/embedding/refuses-missing-and-odd-texts",
    requirement: "EMB-015",
    brokenBy: ["embed-numbers-as-text"],
    effects: "none",
    async run(context) {
      await refusesInput(context, {});
      await refusesInput(context, { texts: ["a", 7] });
    },
  }),
  defineCase({
    id: "services/embedding/refuses-strangers",
    requirement: "EMB-017",
    brokenBy: ["embed-open-to-strangers"],
    effects: "none",
    async run(context) {
      const caller = context.actors.stranger();
      const answer = await embedInput(context, { texts: TEXTS.slice(0, 1) }, { caller });
      context.must(refusedWith(answer, "unauthorized"));
    },
  }),
];
