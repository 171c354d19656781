/** rag.document.ingested: the event of an ingest. */

import { equals, holds, matches, meta, of, succeeded } from "../../../src/check/mod.ts";
import { type EventEnvelope, ULID_PATTERN, verifyEvent } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { corpusName } from "../../../src/target/provisioning.ts";
import { type Draft, ingest, type Ingested, mustIngest, page, USUAL } from "./helpers.ts";

const INGESTED = "rag.document.ingested";
/** Milliseconds a node may take to show what it logged. */
const LOG_DEADLINE_MS = 1_000;
/** Words on the first of two pages, so that passages and pages differ in number. */
const LONG_PAGE = 2500;

/** An ingest into a fresh corpus, and what it logged about that corpus. */
async function observed(context: CaseContext, draft: Draft): Promise<
  Ingested & {
    readonly corpus: string;
    /** All events about the corpus so far. */
    readonly events: () => Promise<readonly EventEnvelope[]>;
    /** The event of the ingest; its absence is a violation. */
    readonly event: EventEnvelope;
  }
> {
  const { target, must } = context;
  const corpus = corpusName(target);
  const observer = await target.eventSubscribe([INGESTED]);
  const ingested = await mustIngest(context, corpus, draft);
  const id = meta(ingested.answer).ingest_event_id;
  const event = await observer.find(({ event_id }) => event_id === id, LOG_DEADLINE_MS);
  if (event === undefined) {
    const { exchange } = ingested.answer;
    return must.get({ difference: { expected: `the event ${id} in the log`, observed: "no such event", exchange } });
  }
  const events = async () => (await observer.events()).filter(({ data }) => data.corpus === corpus);
  return { ...ingested, corpus, events, event };
}

export const eventCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/kb/ingest-event-exists",
    requirement: "KBS-023",
    brokenBy: ["ingest-event-invented"],
    effects: "writes",
    async run(context) {
      const { answer } = await observed(context, { pages: [page(context.random.word())] });
      context.must(of(answer, matches(meta(answer).ingest_event_id, ULID_PATTERN, "meta.ingest_event_id")));
    },
  }),
  defineCase({
    id: "core/kb/ingest-event-data",
    requirement: "KBS-024",
    brokenBy: ["ingest-event-with-chunk-cid"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const title = `Notes on ${context.random.word()}`;
      const draft = { pages: [page(context.random.word())], input: { title, language: "nl" } };
      const { answer, docCid, corpus, output, events } = await observed(context, draft);
      const all = await events();
      must(of(answer, equals(all.length, 1, `the number of ${INGESTED} events of the corpus`)));
      const expected = { corpus, doc_cid: docCid, title, language: "nl", chunks: output.chunks_indexed ?? null };
      for (const [name, value] of Object.entries(expected)) {
        must(of(answer, equals(all[0]?.data[name], value, `data.${name} of the event`)));
      }
    },
  }),
  defineCase({
    id: "core/kb/ingest-event-chunks",
    requirement: "KBS-025",
    brokenBy: ["ingest-event-counts-pages"],
    effects: "writes",
    async run(context) {
      const long = Array.from({ length: LONG_PAGE }, (_, i) => `ember${i}`).join(" ");
      const { answer, output, event } = await observed(context, { pages: [long, page(context.random.word())] });
      context.must(of(answer, equals(event.data.chunks, output.chunks_indexed, "data.chunks of the event")));
    },
  }),
  defineCase({
    id: "core/kb/ingest-event-signed",
    requirement: "KBS-026",
    brokenBy: ["ingest-event-by-other-author"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const { answer, librarian, event } = await observed(context, { pages: [page(context.random.word())] });
      must.all(
        of(answer, holds(verifyEvent(event), "a signature of the stated author", event)),
        of(
          answer,
          holds([target.nodeId, librarian.id].includes(event.author), "the node or the caller as author", event.author),
        ),
      );
      const members = (await target.readCommunity())?.members;
      if (!Array.isArray(members)) return context.note("the community manifest lists no members");
      const known = members.map((member) => member?.node_id);
      must(of(answer, holds(known.includes(event.author), "an author that is a member", event.author)));
    },
  }),
  defineCase({
    id: "core/kb/ingest-again-logs-nothing",
    requirement: "KBS-033",
    brokenBy: ["repeat-logged-again"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { docCid, librarian, corpus, events } = await observed(context, { pages: [page(context.random.word())] });
      const again = await ingest(context, librarian, corpus, { doc_cid: docCid, ...USUAL });
      must(succeeded(again));
      must(of(again, equals((await events()).length, 1, `the number of ${INGESTED} events of the corpus`)));
    },
  }),
];
