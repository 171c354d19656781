/** What a clean stop must not lose. */

import { holds, status } from "../../../src/check/mod.ts";
import { isObject, type NodeManifest, verifyDocument } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { advertisement, pushed } from "../../core/events/helpers.ts";
import {
  type Acknowledged,
  allListed,
  headOf,
  healthy,
  listingOf,
  posts,
  probeWorks,
  restarted,
  tryPost,
} from "../lifecycle.ts";

/** Posts made right before the stop (OPS-005). */
const POSTS = 20;
/** Pause between posts that go on through the stop, in milliseconds: 5 per second (OPS-006). */
const POST_EVERY_MS = 200;
/** Posts that have to be acknowledged before the stop begins, and after which the stream of posts ends anyway. */
const ACKNOWLEDGED_FIRST = 3;
const MOST_POSTS = 100;
/** Posts in a row without an answer after which the node is taken to be gone. */
const UNANSWERED = 3;
/** Time until the first posts are acknowledged, in milliseconds. */
const FIRST_POSTS_MS = 20_000;
/** Events of the batch that is pushed right before the stop. */
const BATCH = 8;

export const dataCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/shutdown_clean/acknowledged-posts-stay",
    requirement: "OPS-005",
    brokenBy: ["write-buffer-lost-at-stop"],
    effects: "writes",
    alsoNeeds: ["members:3"],
    async run(context) {
      const reader = await context.actors.member("reader");
      const made = await posts(context, POSTS);
      await restarted(context);
      await allListed(context, reader, made);
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/stop-under-load",
    requirement: "OPS-006",
    brokenBy: ["acknowledges-after-log-closed"],
    effects: "writes",
    timed: true,
    async run(context) {
      const { target, must, until } = context;
      const [author, reader] = [await context.actors.member("author"), await context.actors.member("reader")];
      const sent: string[] = [];
      const acknowledged: Acknowledged[] = [];
      let over = false;
      const posting = (async () => {
        for (let unanswered = 0; unanswered < UNANSWERED && sent.length < MOST_POSTS && !over;) {
          const title = `Load ${sent.length} ${target.id()}`;
          sent.push(title);
          const post = await tryPost(context, author, title);
          if (post !== undefined) acknowledged.push(post);
          unanswered = post === undefined ? unanswered + 1 : 0;
          await target.sleep(POST_EVERY_MS);
        }
      })();
      const enough = await until(
        () => Promise.resolve(acknowledged.length >= ACKNOWLEDGED_FIRST ? true : undefined),
        FIRST_POSTS_MS,
      );
      if (enough === true && target.control.separate) await target.control.end("SIGTERM");
      over = true;
      await posting;
      if (enough === undefined) return context.inconclusive("posts are not acknowledged before the stop either");
      if (target.control.separate) {
        const { started, why } = await target.control.begin();
        if (!started) return context.inconclusive(`the node did not start again (OPS-011): ${why}`);
      } else await target.restart("stop");
      const found = await listingOf(context, reader, acknowledged);
      const times = (title: string) => found.filter((post) => post.title === title).length;
      for (const { title, clientId } of acknowledged) {
        must(holds(times(title) === 1, `the acknowledged post ${clientId} stored once`, `${times(title)} times`));
      }
      const twice = sent.filter((title) => times(title) > 1);
      must.hold(twice.length === 0, "no post stored twice", twice);
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/synced-events-stay",
    requirement: "OPS-007",
    brokenBy: ["write-buffer-lost-at-stop"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const author = await context.actors.member();
      const batch = await Promise.all(Array.from({ length: BATCH }, () => advertisement(context, author)));
      const highest = Math.max(...batch.map(({ lamport }) => lamport));
      await pushed(context, ...batch);
      await restarted(context);
      const head = await headOf(context);
      must.hold(head >= highest, `a head of at least ${highest}`, `${head}`);
      await pushed(context, ...batch);
      const after = await headOf(context);
      must.hold(after === head, `the head ${head} after the same events once more`, `${after}`);
    },
  }),
  defineCase({
    id: "operability/shutdown_clean/starts-again",
    requirement: "OPS-011",
    brokenBy: ["lock-file-left"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const caller = await context.actors.member();
      if (target.control.separate) {
        await target.control.end("SIGTERM");
        const { started, why } = await target.control.begin();
        must.hold(started, "the node starts again after a clean stop", why);
      } else await target.restart("stop");
      must(status(await healthy(context), 200));
      const manifest: NodeManifest | undefined = await target.readManifest();
      const sound = isObject(manifest) && verifyDocument(String(manifest.node_id), manifest);
      must.hold(sound, "a manifest that verifies after the restart", manifest === undefined ? "none" : "it does not");
      await probeWorks(context, caller);
    },
  }),
];
