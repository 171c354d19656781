/** What the log knows after a restart: heads, posts, what was seen before, revocations. */

import { describe, equals, of, refusedWith, succeeded } from "../../../src/check/mod.ts";
import { isObject, type JsonObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { pull } from "../../../src/target/observer.ts";
import { probe, revoke, send } from "../../core/bus/helpers.ts";
import { advertisement, given, pushed } from "../../core/events/helpers.ts";
import { expiryEvent, postData } from "../../core/events/posts.ts";
import { isGone, stillListed, syncedPost } from "../../services/market/helpers.ts";
import { headOf, listingOf, posts, restarted } from "../lifecycle.ts";

/** Posts that are compared with themselves over a restart. */
const POSTS = 3;
/** What identifies and makes up a post (OPS-018). */
const KEPT = ["event_id", "lamport", "author", "category", "title", "body", "created_at"] as const;

function keptOf(post: JsonObject | undefined): JsonObject {
  return Object.fromEntries(KEPT.map((name) => [name, post?.[name] ?? null]));
}

/** How often the log holds an event; undefined where the target does not show its log. */
async function occurrences({ target }: CaseContext, eventId: string, lamport: number): Promise<number | undefined> {
  const events = target.profile.observe ? await pull(target, Math.max(0, lamport - 1)) : undefined;
  return events?.filter(({ event_id }) => event_id === eventId).length;
}

/** `GET /sync/v1/heads` without what tells the time. */
async function headsOf({ target }: CaseContext): Promise<JsonObject> {
  const value = tryParseJson((await target.httpGet("/sync/v1/heads")).body);
  return isObject(value) ? { head: value.head ?? null, heads_by_type: value.heads_by_type ?? null } : {};
}

export const logCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/restart_persistence/head",
    requirement: "OPS-017",
    brokenBy: ["empty-log-at-start", "write-buffer-lost-at-stop"],
    effects: "writes",
    alsoNeeds: ["sync"],
    async run(context) {
      const author = await context.actors.member();
      await given(context, "an event", await advertisement(context, author));
      const before = await headOf(context);
      await restarted(context);
      const after = await headOf(context);
      context.must.hold(after >= before, `a head of at least ${before} after the restart`, `${after}`);
    },
  }),
  defineCase({
    id: "operability/restart_persistence/posts",
    requirement: "OPS-018",
    brokenBy: ["reimports-posts-at-start"],
    effects: "writes",
    alsoNeeds: ["capability:market.post"],
    async run(context) {
      const reader = await context.actors.member("reader");
      const made = await posts(context, POSTS);
      const before = await listingOf(context, reader, made);
      await restarted(context);
      const after = await listingOf(context, reader, made);
      for (const { title } of made) {
        const [was, is] = [before, after].map((list) => keptOf(list.find((post) => post.title === title)));
        context.must(equals(is, was ?? null, `the post ${title} after the restart`));
      }
    },
  }),
  defineCase({
    id: "operability/restart_persistence/lamport",
    requirement: "OPS-019",
    brokenBy: ["lamport-restarts-at-1"],
    effects: "writes",
    alsoNeeds: ["members:2"],
    async run(context) {
      await posts(context, POSTS);
      const before = await headOf(context);
      await restarted(context);
      const [post] = await posts(context, 1);
      const lamport = post?.lamport ?? 0;
      context.must.hold(lamport > before, `a Lamport value above ${before} after the restart`, `${lamport}`);
    },
  }),
  defineCase({
    id: "operability/restart_persistence/client-ids",
    requirement: "OPS-020",
    brokenBy: ["client-ids-in-memory"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const author = await context.actors.member();
      const input = postData(context, `Once only ${target.id()}`);
      const post = async () => {
        const answer = await target.call(author, "market.post", input);
        must(succeeded(answer));
        const body = tryParseJson(answer.body);
        const output = isObject(body) && isObject(body.output) ? body.output : {};
        return { answer, event: { event_id: output.event_id ?? null, lamport: output.lamport ?? null } };
      };
      const first = await post();
      await restarted(context);
      const { answer, event } = await post();
      must(of(answer, equals(event, first.event, "the answer to a post that was made before the restart")));
    },
  }),
  defineCase({
    id: "operability/restart_persistence/event-ids",
    requirement: "OPS-021",
    brokenBy: ["event-ids-in-memory"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const event = await advertisement(context, await context.actors.member());
      await given(context, "an event", event);
      await restarted(context);
      const before = await headsOf(context);
      await pushed(context, event);
      must(equals(await headsOf(context), before, "the heads after a known event was synced again"));
      const count = await occurrences(context, event.event_id, event.lamport);
      if (count === undefined) return context.note("the log itself cannot be seen: only the heads were compared");
      must.hold(count === 1, "a known event that is synced again is stored once", `${count} times`);
    },
  }),
  defineCase({
    id: "operability/restart_persistence/revocations",
    requirement: "OPS-022",
    brokenBy: ["revocations-lost-at-start"],
    effects: "harm",
    alsoNeeds: ["root", "probe"],
    async run(context) {
      const { target, must } = context;
      const outcast = await context.actors.member("outcast");
      const { name, version, body } = probe(target);
      await revoke(context, outcast.id);
      const before = await send(target, outcast, name, version, body);
      if (before.status === 200) return context.inconclusive(`the revocation has no effect: ${describe(before)}`);
      await restarted(context);
      must(refusedWith(await send(target, outcast, name, version, body), "revoked"));
    },
  }),
  defineCase({
    id: "operability/restart_persistence/expired-posts",
    requirement: "OPS-023",
    brokenBy: ["replays-only-created-posts"],
    effects: "writes",
    async run(context) {
      const author = await context.actors.member();
      const kept = await syncedPost(context, author);
      const ended = await syncedPost(context, author);
      await given(context, "an expiry", await expiryEvent(context, author, ended.event_id, "withdrawn"));
      await isGone(context, author, ended);
      await restarted(context);
      await stillListed(context, author, kept);
      await isGone(context, author, ended);
    },
  }),
];
