/** Bodies of calls and answers: what is refused, what is tolerated, what an answer consists of. */

import {
  describe,
  equals,
  first,
  isNumber,
  isRecord,
  meta,
  noServerError,
  of,
  output,
  refusedAsBadBody,
  succeeded,
  type Verdict,
} from "../../../src/check/mod.ts";
import { isObject, type Json, type JsonObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { modelOf } from "../../../src/target/minimal_body.ts";
import type { Session } from "../../../src/target/session.ts";
import { type Offered, probe, probes, send } from "./helpers.ts";

/** How much longer than the round trip meta.ms may be (BUS-030), in milliseconds. */
const CLOCK_SLACK_MS = 50;
/** Open to everybody, shown without meta (CONTRACT3 §4.20). */
const VERSION_LIST = "protocol.version.list";

/** A capability with required input, and bodies that break its schema in one way each. */
interface Strict {
  readonly name: string;
  readonly params: JsonObject;
  readonly lacking: JsonObject;
  readonly mistyped: readonly JsonObject[];
}

/** The capabilities of BUS-023, BUS-024 and BUS-026, as far as they are advertised. */
async function strict({ target, actors }: CaseContext): Promise<readonly Strict[]> {
  const other = await actors.member("recipient");
  const post = { client_id: target.id(), category: "offer", title: "firewood", body: "dry" };
  const message = { client_id: target.id(), recipient: other.id, body: "hello" };
  const all: readonly Strict[] = [
    {
      name: "embed.text",
      params: { model: modelOf(target.profile, "embed.text") },
      lacking: {},
      mistyped: [{ texts: "hearth" }, { texts: [7] }],
    },
    {
      name: "rag.query",
      params: { corpus: "hearthproof" },
      lacking: { k: 1 },
      mistyped: [{ query: 7, k: 1 }],
    },
    {
      name: "market.post",
      params: {},
      lacking: without(post, "title"),
      mistyped: [{ ...post, title: 7 }, { ...post, tags: "wood" }],
    },
    {
      name: "chat.send",
      params: {},
      lacking: without(message, "recipient"),
      mistyped: [{ ...message, body: 7 }],
    },
  ];
  return all.filter(({ name }) => target.advertised(name) !== undefined);
}

function without(value: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
}

function versionOf(target: Session, name: string): string {
  return String(target.advertised(name)?.version ?? "1.0");
}

/** Titles of the posts that market.list shows; undefined if it cannot be read. */
async function listedTitles({ target, actors }: CaseContext): Promise<readonly Json[] | undefined> {
  const answer = await target.call(await actors.member("reader"), "market.list", { limit: 500 });
  const body = tryParseJson(answer.body);
  const posts = isObject(body) && isObject(body.output) ? body.output.posts : undefined;
  return Array.isArray(posts) ? posts.filter(isObject).map(({ title }) => title ?? null) : undefined;
}

/** The extra reads whose answers BUS-029 looks at besides the probes. */
function moreReads(target: Session): readonly Pick<Offered, "name" | "version" | "body">[] {
  const reads: readonly (readonly [name: string, input: JsonObject])[] = [
    [VERSION_LIST, {}],
    ["market.search", { query: "hearth" }],
  ];
  return reads.filter(([name]) => target.advertised(name) !== undefined)
    .map(([name, input]) => ({ name, version: versionOf(target, name), body: { params: {}, input } }));
}

/** `meta` is an object; only a capability whose section shows none may leave it out. */
function metaShape(body: JsonObject, name: string): Verdict {
  return name === VERSION_LIST && body.meta === undefined ? undefined : isRecord(body.meta, `meta of ${name}`);
}

export const bodyCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/missing-input-member",
    requirement: "BUS-023",
    brokenBy: ["missing-member-read-as-empty"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const actor = await actors.member();
      for (const { name, params, lacking } of await strict(context)) {
        must(refusedAsBadBody(await send(target, actor, name, versionOf(target, name), { params, input: lacking })));
      }
    },
  }),
  defineCase({
    id: "core/bus/wrong-type",
    requirement: "BUS-024",
    brokenBy: ["types-coerced"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const actor = await actors.member();
      for (const { name, params, mistyped } of await strict(context)) {
        for (const input of mistyped) {
          must(refusedAsBadBody(await send(target, actor, name, versionOf(target, name), { params, input })));
        }
      }
    },
  }),
  defineCase({
    id: "core/bus/value-outside-enumeration",
    requirement: "BUS-025",
    brokenBy: ["unknown-category-is-no-filter"],
    effects: "none",
    async run({ target, actors, must }) {
      const actor = await actors.member();
      const calls: readonly (readonly [name: string, input: JsonObject])[] = [
        ["market.list", { category: "misc" }],
        ["market.post", { client_id: target.id(), category: "misc", title: "firewood", body: "dry" }],
      ];
      for (const [name, input] of calls.filter(([called]) => target.advertised(called) !== undefined)) {
        must(refusedAsBadBody(await target.call(actor, name, input)));
      }
    },
  }),
  defineCase({
    id: "core/bus/body-without-parts",
    requirement: "BUS-026",
    brokenBy: ["body-parts-unchecked"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const actor = await actors.member();
      for (const { name } of await strict(context)) {
        for (const body of [{}, { input: [] }]) {
          const answer = await send(target, actor, name, versionOf(target, name), body);
          must.all(noServerError(answer), refusedAsBadBody(answer));
        }
      }
    },
  }),
  defineCase({
    id: "core/bus/unknown-input-members",
    requirement: "BUS-027",
    brokenBy: ["unknown-members-refused"],
    effects: "none",
    async run({ target, actors, should }) {
      const { name, version, body } = probe(target);
      const actor = await actors.member();
      const plain = should.get(output(await send(target, actor, name, version, body)));
      const more = { ...body, input: { ...(body.input as JsonObject), x_hearthproof_extra: "later" } };
      const answer = await send(target, actor, name, version, more);
      should.all(
        succeeded(answer),
        of(answer, equals(should.get(output(answer)), plain, "output with one more member")),
      );
    },
  }),
  defineCase({
    id: "core/bus/refused-without-effect",
    requirement: "BUS-028",
    brokenBy: ["validated-after-the-fact"],
    effects: "none",
    async run(context) {
      const { target, actors, must, random } = context;
      const actor = await actors.member();
      await actors.member("reader");
      const headBefore = await target.head();
      const title = `unsaid ${random.word()}`;
      const post = { client_id: target.id(), category: "offer", title, body: "dry" };
      const refused = [
        await target.call(actor, "market.post", { ...post, category: "misc" }),
        await target.call(actor, "market.post", { ...post, client_id: target.id(), tags: "wood" }),
      ];
      if (refused.every(({ status }) => status === 200)) context.skip("the node does not validate these bodies");
      const titles = await listedTitles(context);
      if (titles === undefined) return context.inconclusive("market.list cannot be read");
      must.hold(!titles.includes(title), "no post with the title of a refused call", `listed: ${title}`);
      if (target.profile.features.has("fresh") && headBefore !== undefined) {
        must(equals(await target.head(), headBefore, "the sync head after refused calls"));
      }
    },
  }),
  defineCase({
    id: "core/bus/output-and-meta",
    requirement: "BUS-029",
    brokenBy: ["result-bare-at-top-level", "meta-is-text"],
    effects: "none",
    async run({ target, actors, must, note }) {
      const actor = await actors.member();
      for (const { name, version, body } of [...probes(target), ...moreReads(target)]) {
        const answer = await send(target, actor, name, version, body);
        if (answer.status !== 200) {
          note(`${name} does not succeed here: ${describe(answer)}`);
          continue;
        }
        must.get(output(answer));
        const value = tryParseJson(answer.body);
        must(of(answer, metaShape(isObject(value) ? value : {}, name)));
      }
    },
  }),
  defineCase({
    id: "core/bus/meta-ms",
    requirement: "BUS-030",
    brokenBy: ["meta-ms-is-unix-time", "meta-ms-negative"],
    effects: "none",
    async run({ target, actors, should }) {
      const actor = await actors.member();
      for (const { name, version, body } of probes(target)) {
        const answer = await send(target, actor, name, version, body);
        if (answer.status !== 200) continue;
        const most = answer.endedAt - answer.startedAt + CLOCK_SLACK_MS;
        should(of(answer, isNumber(meta(answer).ms, `meta.ms of ${name}`, 0, most)));
      }
    },
  }),
  defineCase({
    id: "core/bus/reads-repeat",
    requirement: "BUS-042",
    brokenBy: ["reads-vary"],
    effects: "none",
    async run({ target, actors, should }) {
      const { name, version, body } = probe(target);
      const actor = await actors.member();
      const once = await send(target, actor, name, version, body);
      const again = await send(target, actor, name, version, body);
      should.all(first(succeeded(once), succeeded(again)));
      should(of(again, equals(should.get(output(again)), should.get(output(once)), `output of ${name} when repeated`)));
    },
  }),
];
