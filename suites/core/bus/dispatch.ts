/** How a name and a version lead to a provider. */

import { describe, equals, errorCode, noServerError, refusedWith, succeeded } from "../../../src/check/mod.ts";
import type { JsonObject } from "../../../src/protocol/mod.ts";
import { tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { advertisedEntries, entryName, membersFor, type Offered, probe, probes, send } from "./helpers.ts";

/** Families whose calls name a corpus, model, blob, post, thread, token or peer: there `not_found` may mean that one. */
const NAMES_A_RESOURCE =
  /^(rag\.(query|ingest)|llm\.|embed\.|rerank\.|file\.(read|put)|market\.expire|chat\.|community\.|auth\.|federation\.|ocr\.|img\.|stt\.|tts\.|trans\.|evidence\.|civdef\.|experimental\.)/;
const NAMES_A_RESOURCE_EXCEPT = ["embed.text"];
/** A name that nobody can offer. */
const UNKNOWN = "experimental.does_not_exist";
const NO_VERSIONS = ["1", "1.0.0", "v1.0", "1.x", "-1.0", ">=1.0"];

/** A call of the probe at another version than the offered one. */
async function callAt(context: CaseContext, version: (offered: Offered) => string): Promise<HttpAnswer> {
  const { target, actors } = context;
  const called = probe(target);
  return await send(target, await actors.member(), called.name, version(called), called.body);
}

/** Names that are near an advertised one and do not mean it, in the order the catalogue gives them. */
function nearNames({ name }: Offered): readonly string[] {
  return [name.toUpperCase(), `${name}.`, name.slice(0, -1), name.slice(0, name.indexOf("."))];
}

function expectedHash(answer: HttpAnswer): unknown {
  const body = tryParseJson(answer.body);
  return (body as JsonObject | undefined)?.schema_hash_expected;
}

/** Answers that may be schema_mismatch, for one capability: wrong majors and a body without input. */
async function provoked(target: Session, context: CaseContext): Promise<readonly HttpAnswer[]> {
  const called = probe(target);
  const actor = await context.actors.member();
  const calls: readonly (readonly [version: string, body: JsonObject])[] = [
    [`${called.parsed.major + 1}.0`, called.body],
    ["0.9", called.body],
    [called.version, { params: {}, input: [] }],
  ];
  const answers: HttpAnswer[] = [];
  for (const [version, body] of calls) answers.push(await send(target, actor, called.name, version, body));
  return answers;
}

export const dispatchingCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/advertised-is-dispatchable",
    requirement: "BUS-012",
    brokenBy: ["capabilities-listed-statically"],
    effects: "none",
    async run(context) {
      const { target, actors, must, note } = context;
      const { entries } = await advertisedEntries(context);
      const actor = await actors.member();
      for (const entry of entries) {
        const name = String(entry.name);
        const answer = await send(target, actor, name, String(entry.version), { params: {}, input: {} });
        const missing = errorCode(answer) === "not_found";
        if (missing && NAMES_A_RESOURCE.test(name) && !NAMES_A_RESOURCE_EXCEPT.includes(name)) {
          note(`${entryName(entry)} answers not_found, which may mean what the call names`);
          continue;
        }
        const expected = `an answer of ${entryName(entry)} other than not_found`;
        must.hold(!missing && answer.status > 0, expected, describe(answer), answer.exchange);
      }
    },
  }),
  defineCase({
    id: "core/bus/exact-version",
    requirement: "BUS-013",
    brokenBy: ["version-must-be-lower"],
    effects: "none",
    async run({ target, actors, must }) {
      const actor = await actors.member();
      for (const { name, version, body } of probes(target)) {
        must(succeeded(await send(target, actor, name, version, body)));
      }
    },
  }),
  defineCase({
    id: "core/bus/minor-above-the-offered-one",
    requirement: "BUS-014",
    brokenBy: ["version-minor-ignored"],
    effects: "none",
    async run(context) {
      const answer = await callAt(context, ({ parsed }) => `${parsed.major}.${parsed.minor + 1}`);
      context.must(refusedWith(answer, "not_found", "schema_mismatch"));
    },
  }),
  defineCase({
    id: "core/bus/major-above-the-offered-one",
    requirement: "BUS-015",
    brokenBy: ["version-higher-major-served"],
    effects: "none",
    async run(context) {
      const answer = await callAt(context, ({ parsed }) => `${parsed.major + 1}.0`);
      context.must(refusedWith(answer, "schema_mismatch", "not_found"));
    },
  }),
  defineCase({
    id: "core/bus/major-below-the-offered-one",
    requirement: "BUS-016",
    brokenBy: ["version-lower-major-served"],
    effects: "none",
    async run(context) {
      const answer = await callAt(context, ({ parsed }) => `${parsed.major - 1}.9`);
      context.must(refusedWith(answer, "schema_mismatch", "not_found"));
    },
  }),
  defineCase({
    id: "core/bus/malformed-versions",
    requirement: "BUS-019",
    brokenBy: ["version-patch-cut-off", "version-parse-error-raised"],
    effects: "none",
    async run({ target, actors, should }) {
      const called = probe(target);
      const actor = await actors.member();
      for (const version of NO_VERSIONS) {
        const answer = await send(target, actor, called.name, version, called.body);
        should.all(noServerError(answer), refusedWith(answer, "bad_request", "not_found", "schema_mismatch"));
      }
    },
  }),
  defineCase({
    id: "core/bus/expected-schema-hash",
    requirement: "BUS-020",
    brokenBy: ["expected-hash-of-nothing", "expected-hash-left-out"],
    effects: "none",
    async run(context) {
      const { target, should } = context;
      const { entries } = await advertisedEntries(context);
      const { name, version } = probe(target);
      const advertised = entries.find((entry) => entry.name === name && entry.version === version)?.schema_hash;
      const mismatches = (await provoked(target, context)).filter((answer) => errorCode(answer) === "schema_mismatch");
      if (mismatches.length === 0) context.note("the node answers no wrong version or body with schema_mismatch");
      for (const answer of mismatches) {
        const difference = equals(expectedHash(answer), advertised, `schema_hash_expected of ${name}`);
        should(difference === undefined ? undefined : { ...difference, exchange: answer.exchange });
      }
    },
  }),
  defineCase({
    id: "core/bus/unknown-capability",
    requirement: "BUS-021",
    brokenBy: ["unknown-name-is-bad-request", "unknown-name-is-not-implemented"],
    effects: "none",
    async run({ target, actors, must }) {
      const answer = await send(target, await actors.member(), UNKNOWN, "1.0", { params: {}, input: {} });
      must(refusedWith(answer, "not_found"));
    },
  }),
  defineCase({
    id: "core/bus/names-match-exactly",
    requirement: "BUS-022",
    brokenBy: ["names-match-in-any-case", "names-match-by-prefix", "names-match-with-trailing-dot"],
    effects: "none",
    async run({ target, actors, must }) {
      const called = probe(target);
      const actor = await actors.member();
      for (const name of nearNames(called)) {
        must(refusedWith(await send(target, actor, name, called.version, called.body), "not_found", "bad_request"));
      }
    },
  }),
  defineCase({
    id: "core/bus/serves-on-after-errors",
    requirement: "BUS-055",
    brokenBy: ["bus-stuck-after-schema-mismatch"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const called = probe(target);
      const [first, second = first] = await membersFor(context, NO_VERSIONS.length + nearNames(called).length + 4);
      for (const version of [...NO_VERSIONS, `${called.parsed.major + 1}.0`]) {
        await send(target, first, called.name, version, called.body);
      }
      for (const name of [...nearNames(called), UNKNOWN]) await send(target, second, name, called.version, called.body);
      await send(target, second, called.name, called.version, { params: [], input: "none" });
      await target.busCall(second, called.name, { version: called.version, body: {}, transmit: "{" });
      must(succeeded(await send(target, second, called.name, called.version, called.body)));
      must(succeeded(await target.httpGet("/health")));
    },
  }),
];
