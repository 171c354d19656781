/** Levels of callers: their order, when they are checked, and how they follow the community. */

import { describe, errorCode, refusedWith, status } from "../../../src/check/mod.ts";
import { cidOf, type JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { probe, promote, revoke, send, trustedOnly } from "./helpers.ts";

/** Time within which a change of the community takes effect, in milliseconds (BUS-035, BUS-036). */
const EFFECT_MS = 2000;
/** Pause between two looks, in milliseconds; below the rate budget. */
const LOOK_EVERY_MS = 250;
const UNAUTHORISED = 401;

/** A well-formed call of the trusted-only capability that names a resource nobody has, so that it leaves nothing. */
function harmlessCall(target: Session, actor: Actor): Promise<HttpAnswer> {
  const name = trustedOnly(target);
  const nothing = cidOf(target.random("nothing").bytes(32));
  const bodies: Readonly<Record<string, JsonObject>> = {
    "rag.ingest": { params: { corpus: "hearthproof" }, input: { doc_cid: nothing, title: "nothing", language: "en" } },
    "file.put": { params: {}, input: { manifest: { cid: nothing, size_bytes: 0, chunk_size_bytes: 1, chunks: [] } } },
    "ocr.pdf": { params: {}, input: { doc_cid: nothing } },
    "img.generate": { params: { model: "nothing" }, input: { prompt: "" } },
  };
  return target.busCall(actor, name, { body: bodies[name] ?? { params: {}, input: {} }, accept: "application/json" });
}

/** Whether the level of the caller was what the node refused. */
function refusedForLevel(answer: HttpAnswer): boolean {
  return answer.status === UNAUTHORISED && errorCode(answer) === "unauthorized";
}

/** Skips unless a plain member is refused: the control of all cases with the trusted-only capability. */
async function requireRefusal(context: CaseContext, actor: Actor): Promise<void> {
  const answer = await harmlessCall(context.target, actor);
  if (!refusedForLevel(answer)) context.skip(`a member may call ${trustedOnly(context.target)}: ${describe(answer)}`);
}

export const trustCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/levels-are-ordered",
    requirement: "BUS-032",
    brokenBy: ["trust-must-be-equal"],
    effects: "none",
    async run({ target, actors, must }) {
      for (const actor of [await actors.trusted(), actors.root()]) {
        const answer = await harmlessCall(target, actor);
        const expected = `an answer other than 401 for the ${actor.name === "root" ? "root" : actor.level} caller`;
        must.hold(answer.status > 0 && answer.status !== UNAUTHORISED, expected, describe(answer), answer.exchange);
      }
    },
  }),
  defineCase({
    id: "core/bus/level-before-schema",
    requirement: "BUS-033",
    brokenBy: ["schema-checked-before-level"],
    effects: "none",
    async run({ target, actors, should }) {
      const body = { params: {}, input: [] };
      const answer = await target.busCall(await actors.member(), trustedOnly(target), { body });
      should(refusedWith(answer, "unauthorized"));
    },
  }),
  defineCase({
    id: "core/bus/promotion-takes-effect",
    requirement: "BUS-035",
    brokenBy: ["levels-read-once"],
    effects: "writes",
    async run(context) {
      const { target, actors, must, until } = context;
      const member = await actors.member("climber");
      await requireRefusal(context, member);
      must(status(await promote(context, member.id, "trusted"), 200));
      let last: HttpAnswer | undefined;
      const passed = await until(
        async () => {
          last = await harmlessCall(target, member);
          return last.status > 0 && last.status !== UNAUTHORISED ? last : undefined;
        },
        EFFECT_MS,
        LOOK_EVERY_MS,
      );
      const expected = `the promoted member passes within ${EFFECT_MS} ms`;
      must.hold(passed !== undefined, expected, last === undefined ? "no answer" : describe(last));
    },
  }),
  defineCase({
    id: "core/bus/revocation-takes-effect",
    requirement: "BUS-036",
    brokenBy: ["membership-cached"],
    effects: "harm",
    async run(context) {
      const { target, actors, must, until } = context;
      const throwaway = await actors.member("throwaway");
      const { name, version, body } = probe(target);
      const call = () => send(target, throwaway, name, version, body);
      const before = await call();
      if (before.status === 0 || errorCode(before) === "unauthorized") {
        context.inconclusive(`the throwaway member cannot call: ${describe(before)}`);
      }
      must(status(await revoke(context, throwaway.id), 200));
      let last: HttpAnswer | undefined;
      const refused = await until(
        async () => {
          last = await call();
          return errorCode(last) === "revoked" ? last : undefined;
        },
        EFFECT_MS,
        LOOK_EVERY_MS,
      );
      const expected = `403 revoked within ${EFFECT_MS} ms`;
      must.hold(refused !== undefined, expected, last === undefined ? "no answer" : describe(last));
      if (refused !== undefined) must(refusedWith(refused, "revoked"));
    },
  }),
];
