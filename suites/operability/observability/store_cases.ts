/** Metrics of what is stored: the event log and the blobs. */

import { holds, of, type Verdict } from "../../../src/check/mod.ts";
import { CHUNK_SIZE } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { blobBytes, placeBlob } from "../../../src/target/provisioning.ts";
import { advertisement, given, pushed, tampered } from "../../core/events/helpers.ts";
import { canPlace } from "../../core/files/helpers.ts";
import { cleanly, growsBy, reading, readUntil, samplesOf } from "./metrics.ts";

const HEAD = "hearthnet_event_log_lamport_head";
const SIZE = "hearthnet_event_log_size";
const BLOBS = "hearthnet_blob_storage_bytes";
/** A jump of the Lamport clock, so that heads and counts of events part ways. */
const JUMP = 40;
/** How often head and gauge are compared while other traffic moves both. */
const COMPARISONS = 10;

/** The gauge equals the head that was read just before and just after it. */
async function headShown(context: CaseContext): Promise<void> {
  const { target, must } = context;
  const read = reading(context, HEAD, { community: target.communityId });
  for (let i = 0; i < COMPARISONS; i++) {
    const before = await target.head();
    const { value, answer } = await read();
    if (before === undefined) return context.inconclusive("the head cannot be read");
    if (await target.head() !== before) continue;
    return must(of(answer, holds(value === before, `${HEAD} ${before}, as /sync/v1/heads says`, `${value}`)));
  }
  context.inconclusive("the head moves all the time");
}

export const storeCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/observability/lamport-head",
    requirement: "OPS-037",
    brokenBy: ["head-gauge-counts-events"],
    effects: "writes",
    async run(context) {
      const author = await context.actors.member();
      await samplesOf(context, HEAD);
      await headShown(context);
      const lamport = await context.target.nextLamport() + JUMP;
      await given(context, "an event", await advertisement(context, author, { lamport }));
      await headShown(context);
    },
  }),
  defineCase({
    id: "operability/observability/log-size",
    requirement: "OPS-038",
    brokenBy: ["log-size-counts-pushes"],
    effects: "writes",
    async run(context) {
      const author = await context.actors.member();
      const read = reading(context, SIZE, { community: context.target.communityId });
      await samplesOf(context, SIZE);
      await cleanly(context, async (): Promise<Verdict> => {
        const event = await advertisement(context, author);
        const wrong = tampered(await advertisement(context, author), { event_type: "market.post.expired" });
        const before = (await read()).value;
        await pushed(context, event);
        const stored = await readUntil(context, read, (now) => now >= before + 1);
        await pushed(context, event);
        const repeated = await read();
        await pushed(context, wrong);
        const rejected = await read();
        const growth = [stored, repeated, rejected].map(({ value }) => value - before);
        return of(
          rejected.answer,
          holds(
            growth.every((by) => by === 1),
            `${SIZE} grows by 1 for a new event, and no more for the same and for a tampered one`,
            `by ${growth.join(", then ")} in all`,
          ),
        );
      });
    },
  }),
  defineCase({
    id: "operability/observability/blob-bytes",
    requirement: "OPS-043",
    brokenBy: ["blob-bytes-always-0"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      await samplesOf(context, BLOBS);
      if (!canPlace(context)) return context.note("no blob can be placed: only the presence was judged");
      const placer = await context.actors.trusted("blob-placer");
      const bytes = blobBytes(target, "storage bytes", CHUNK_SIZE + 1);
      await growsBy(context, BLOBS, reading(context, BLOBS), bytes.length, async () => {
        await placeBlob(target, placer, bytes);
      });
    },
  }),
];
