/** What the signature of an event covers, and who may write into the log. CONTRACT §7.1, §7.2; X02 §5.2. */

import { describe, holds, noServerError } from "../../../src/check/mod.ts";
import { type EventEnvelope, type Json, type JsonObject, utf8 } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import {
  accepts,
  advertisement,
  counted,
  given,
  headOf,
  judged,
  oddEvent,
  OUT_OF_REACH,
  pushed,
  reasonFor,
  rejects,
  tampered,
} from "./helpers.ts";
import { freshTitle, hasMarket, listedUpTo, postEvent } from "./posts.ts";

/** Distance of an event from the revocation before it in EVT-022. */
const LAMPORT_GAP = 10;

/** A tampered event is refused with `invalid_signature`. */
async function refusesTampered(
  context: CaseContext,
  event: EventEnvelope,
  change: JsonObject,
  what: string,
): Promise<void> {
  const push = await pushed(context, tampered(event, change));
  rejects(context, push, what);
  const id = typeof change.event_id === "string" ? change.event_id : event.event_id;
  // A changed schema_version or community_id may be refused before the signature is looked at.
  if (change.schema_version === undefined && change.community_id === undefined) {
    reasonFor(context, push, id, "invalid_signature");
  }
}

/** How many posts of a title are listed once a post pushed after them is; undefined without a market. */
async function countedTitle(
  context: CaseContext,
  reader: Actor,
  from: number,
  title: string,
): Promise<{ readonly count: number; readonly answer: HttpAnswer } | undefined> {
  if (!hasMarket(context)) return undefined;
  const marker = await postEvent(context, reader, freshTitle(context, "Marker"));
  await given(context, "a further post", marker);
  const { posts, answer } = await listedUpTo(context, reader, from, marker);
  return { count: posts.filter((post) => post.title === title).length, answer };
}

/** JSON text with shuffled members, white space and every letter of string values written as an escape. */
function unusualText(value: Json, indent = ""): string {
  const deeper = `${indent}  `;
  if (typeof value === "string") {
    return `"${
      [...value].map((c) => /[a-z]/i.test(c) ? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}` : c).join("")
    }"`;
  }
  if (Array.isArray(value)) return `[ ${value.map((item) => unusualText(item, deeper)).join(" , ")} ]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).reverse();
    return `{\n${
      members.map(([name, item]) => `${deeper}${JSON.stringify(name)} : ${unusualText(item, deeper)}`).join(",\n")
    }\n${indent}}`;
  }
  return JSON.stringify(value);
}

export const authenticityCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/events/signature-covers-data",
    requirement: "EVT-013",
    brokenBy: ["event-signature-not-checked"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const title = freshTitle(context, "Genuine");
      const event = await postEvent(context, alice, title);
      const altered = `${title}x`;
      await refusesTampered(context, event, { data: { ...event.data, title: altered } }, "an event altered in data");
      const seen = await countedTitle(context, alice, event.lamport, altered);
      if (seen === undefined) return;
      judged(context, seen.answer, holds(seen.count === 0, `no post titled ${altered}`, "it is listed"));
    },
  }),
  defineCase({
    id: "core/events/signature-covers-lamport",
    requirement: "EVT-014",
    brokenBy: ["event-signature-not-checked", "event-lamport-renumbered-before-check"],
    effects: "writes",
    async run(context) {
      const event = await advertisement(context, await context.actors.member("alice"));
      await refusesTampered(context, event, { lamport: event.lamport + 1 }, "an event with another lamport");
    },
  }),
  defineCase({
    id: "core/events/signature-covers-event-id",
    requirement: "EVT-015",
    brokenBy: ["event-signature-not-checked"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const market = hasMarket(context);
      const title = freshTitle(context, "Once");
      const event = market ? await postEvent(context, alice, title) : await advertisement(context, alice);
      accepts(context, await pushed(context, event), 1, "the genuine event");
      await refusesTampered(context, event, { event_id: context.target.id() }, "an old event under a new id");
      if (!market) return;
      const seen = await countedTitle(context, alice, event.lamport, title);
      if (seen === undefined) return;
      judged(context, seen.answer, holds(seen.count === 1, `one post titled ${title}`, `${seen.count} of them`));
    },
  }),
  defineCase({
    id: "core/events/signature-covers-event-type",
    requirement: "EVT-016",
    brokenBy: ["event-signature-not-checked", "event-type-outside-signature"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const advert = await advertisement(context, alice);
      await refusesTampered(context, advert, { event_type: "file.cid.unpinned" }, "an event of another type");
      const post = await postEvent(context, alice, freshTitle(context, "Typed"));
      await refusesTampered(context, post, { event_type: "market.post.updated" }, "a post turned into an update");
    },
  }),
  defineCase({
    id: "core/events/signature-is-of-author",
    requirement: "EVT-017",
    brokenBy: ["event-signature-of-any-member"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const bob = await context.actors.member("bob");
      const event = await advertisement(context, bob);
      await refusesTampered(context, event, { author: alice.id }, "an event whose author was changed after signing");
      // The other way to claim an author: the signature covers the claim, but is made with another member's key.
      const eventId = context.target.id();
      const push = await pushed(context, oddEvent(bob, event, { event_id: eventId, author: alice.id }));
      rejects(context, push, "an event signed with another member's key");
      reasonFor(context, push, eventId, "invalid_signature");
    },
  }),
  defineCase({
    id: "core/events/signature-covers-envelope",
    requirement: "EVT-018",
    brokenBy: ["event-signature-not-checked", "event-schema-version-outside-signature"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      const alice = await actors.member("alice");
      const changes: readonly (readonly [string, JsonObject])[] = [
        ["community_id", { community_id: target.communityId }],
        ["wall_clock", { wall_clock: target.now() }],
        ["schema_version", { schema_version: 2 }],
      ];
      for (const [name, change] of changes) {
        const event = await advertisement(context, alice, {
          ...(name === "community_id" ? { communityId: actors.fresh("elsewhere").id } : {}),
          ...(name === "wall_clock" ? { wallClock: "2020-02-02T02:02:02Z" } : {}),
        });
        await refusesTampered(context, event, change, `an event with an altered ${name}`);
      }
    },
  }),
  defineCase({
    id: "core/events/unsigned-event-rejected",
    requirement: "EVT-019",
    brokenBy: ["event-signature-optional"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const { signature: _, ...unsigned } = await advertisement(context, alice);
      rejects(context, await pushed(context, unsigned as unknown as Json), "an event without signature");
      for (const signature of ["", "ed25519:"]) {
        const event = await advertisement(context, alice);
        rejects(
          context,
          await pushed(context, tampered(event, { signature })),
          `signature ${JSON.stringify(signature)}`,
        );
      }
    },
  }),
  defineCase({
    id: "core/events/verification-of-canonical-form",
    requirement: "EVT-020",
    brokenBy: ["event-verified-as-received"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const alice = await context.actors.member("alice");
      const event = await postEvent(context, alice, freshTitle(context, "Brücke über 水"));
      const text = `{ "events" : [ ${unusualText(event as unknown as Json)} ],\n "community_id" : ${
        JSON.stringify(target.communityId)
      } }`;
      const push = counted(context, await target.httpPost("/sync/v1/events", utf8(text)));
      accepts(context, push, 1, "an indented event with shuffled members and escapes");
    },
  }),
  defineCase({
    id: "core/events/stranger-rejected",
    requirement: "EVT-021",
    brokenBy: ["events-from-anyone"],
    effects: "none",
    async run(context) {
      const event = await advertisement(context, context.actors.stranger());
      const push = await pushed(context, event);
      rejects(context, push, "an event of a stranger");
      reasonFor(context, push, event.event_id, "unknown_author");
    },
  }),
  defineCase({
    id: "core/events/revoked-author-rejected",
    requirement: "EVT-022",
    brokenBy: ["events-of-revoked-accepted"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      const alice = await actors.member("alice");
      const rhea = await actors.revoked("rhea");
      const lamport = await target.nextLamport() + LAMPORT_GAP;
      const title = freshTitle(context, "Too late");
      const event = await postEvent(context, rhea, title, { lamport });
      const push = await pushed(context, event);
      rejects(context, push, "an event above the revocation of its author");
      reasonFor(context, push, event.event_id, "revoked_author");
      const seen = await countedTitle(context, alice, lamport - LAMPORT_GAP, title);
      if (seen === undefined) return;
      judged(context, seen.answer, holds(seen.count === 0, "no post of the revoked author", "it is listed"));
    },
  }),
  defineCase({
    id: "core/events/foreign-community-rejected",
    requirement: "EVT-025",
    brokenBy: ["foreign-community-filed"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const alice = await actors.member("alice");
      const lamport = await headOf(context) + OUT_OF_REACH;
      const event = await advertisement(context, alice, { communityId: actors.fresh("elsewhere").id, lamport });
      rejects(context, await pushed(context, event), "an event of another community");
      const head = await headOf(context);
      context.must.hold(head < lamport, `a head below ${lamport}`, head, context.target.lastExchange);
    },
  }),
  defineCase({
    id: "core/events/incomplete-envelope-rejected",
    requirement: "EVT-032",
    brokenBy: ["event-members-unchecked"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await advertisement(context, alice);
      const { signature: _, ...members } = event;
      for (const name of Object.keys(members)) {
        const answer = await context.target.push([oddEvent(alice, event, {}, [name])]);
        context.must(noServerError(answer));
        if (answer.status === 400) continue;
        const push = counted(context, answer);
        context.must.hold(
          push.accepted === 0 && push.rejected === 1,
          `the event without ${name} counted as rejected, or 400`,
          describe(answer),
          answer.exchange,
        );
      }
    },
  }),
];
