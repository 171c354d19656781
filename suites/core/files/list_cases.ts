/** file.list and file.advertise. */

import {
  describe,
  equals,
  errorCode,
  holds,
  isInteger,
  isNumber,
  meta,
  of,
  output,
  refusedWith,
  status,
  succeeded,
} from "../../../src/check/mod.ts";
import { CID_PATTERN, isCid, verifyEvent } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { canPlace, listedCids, readBlob, SMALL, stored, streamError, unknownCid } from "./helpers.ts";

/** Hex digits of a CID that a prefix keeps. */
const PREFIX_DIGITS = 3;
const ADVERTISED = "file.cid.advertised";
/** Milliseconds a node may take to log what it was told. */
const LOG_DEADLINE_MS = 1_000;

async function list({ target, actors }: CaseContext, prefix?: string) {
  return await target.call(await actors.member(), "file.list", prefix === undefined ? {} : { prefix });
}

export const listCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/files/list-form",
    requirement: "FIL-025",
    brokenBy: ["list-of-short-cids"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      if (canPlace(context)) await stored(context, SMALL);
      const answer = await list(context);
      const cids = must.get(listedCids(answer));
      must(of(answer, isNumber(meta(answer).ms, "meta.ms", 0)));
      const odd = cids.find((cid) => !isCid(cid));
      must(of(answer, holds(odd === undefined, `entries that match ${CID_PATTERN}`, odd)));
      if (cids.length === 0) context.note("the list was empty, so the form of its entries was not seen");
    },
  }),
  defineCase({
    id: "core/files/list-prefix",
    requirement: "FIL-026",
    brokenBy: ["list-ignores-prefix"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { cid } = await stored(context, SMALL);
      if (canPlace(context)) await stored(context, SMALL + 1);
      const prefix = cid.slice(0, "blake3:".length + PREFIX_DIGITS);
      const answer = await list(context, prefix);
      const cids = must.get(listedCids(answer));
      const other = cids.find((entry) => !entry.startsWith(prefix));
      must.all(
        of(answer, holds(other === undefined, `only CIDs that start with ${prefix}`, other)),
        of(answer, holds(cids.includes(cid), `${cid} among the listed`, cids)),
      );
    },
  }),
  defineCase({
    id: "core/files/list-without-prefix",
    requirement: "FIL-027",
    brokenBy: ["list-empty-without-prefix"],
    effects: "writes",
    async run(context) {
      const { cid } = await stored(context, SMALL);
      const answer = await list(context);
      const cids = context.must.get(listedCids(answer));
      context.must(of(answer, holds(cids.includes(cid), `${cid} among the listed`, cids)));
    },
  }),
  defineCase({
    id: "core/files/list-of-nothing",
    requirement: "FIL-028",
    brokenBy: ["empty-list-not-found"],
    effects: "none",
    async run(context) {
      const answer = await list(context, unknownCid(context));
      context.must(of(answer, equals(context.must.get(listedCids(answer)), [], "cids")));
    },
  }),
  defineCase({
    id: "core/files/advertise-answer",
    requirement: "FIL-029",
    brokenBy: ["advertise-records-nothing"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      for (const count of [1, 3]) {
        const cids = Array.from({ length: count }, () => unknownCid(context));
        const answer = await target.call(await actors.member(), "file.advertise", { cids });
        must.all(
          of(answer, equals(must.get(output(answer)).recorded, count, "output.recorded")),
          of(answer, isNumber(meta(answer).ms, "meta.ms", 0)),
        );
      }
    },
  }),
  defineCase({
    id: "core/files/advertise-repeated",
    requirement: "FIL-030",
    brokenBy: ["advertise-refuses-repeats", "advertise-logs-repeats"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const member = await actors.member();
      const cid = canPlace(context) ? (await stored(context, SMALL)).cid : unknownCid(context);
      const observer = await target.completeView([ADVERTISED]);
      const logged = async () => (await observer?.events() ?? []).filter(({ data }) => data.cid === cid).length;
      must(succeeded(await target.call(member, "file.advertise", { cids: [cid] })));
      const first = await logged();
      const again = await target.call(member, "file.advertise", { cids: [cid] });
      must(succeeded(again));
      must(
        of(again, holds(await logged() <= Math.max(1, first), "no event more than after the first call", first + 1)),
      );
    },
  }),
  defineCase({
    id: "core/files/advertised-event",
    requirement: "FIL-031",
    brokenBy: ["advertised-event-with-size"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      const observer = await target.eventSubscribe([ADVERTISED]);
      const cid = canPlace(context) ? (await stored(context, SMALL)).cid : unknownCid(context);
      await target.call(await actors.member(), "file.advertise", { cids: [cid] });
      const event = await observer.find(({ data }) => data.cid === cid, LOG_DEADLINE_MS);
      if (event === undefined) return context.skip("the node logs no file.cid.advertised");
      const { sizes_bytes, size_bytes } = event.data;
      if (sizes_bytes === undefined && size_bytes !== undefined) {
        context.note("the event has size_bytes in place of sizes_bytes");
      }
      should.all(
        isInteger(sizes_bytes ?? size_bytes, "data.sizes_bytes of the event", 0),
        holds(verifyEvent(event), "an event signed by its author", "a signature that does not verify"),
      );
    },
  }),
  defineCase({
    id: "core/files/advertise-malformed",
    requirement: "FIL-032",
    brokenBy: ["advertise-takes-anything"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      for (const input of [{}, { cids: "x" }, { cids: ["not-a-cid"] }]) {
        const answer = await target.call(await actors.member(), "file.advertise", input);
        should(status(answer, 400));
      }
    },
  }),
  defineCase({
    id: "core/files/advertised-is-not-held",
    requirement: "FIL-033",
    brokenBy: ["advertised-listed-as-held"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      const cid = unknownCid(context);
      const told = await target.call(await actors.member(), "file.advertise", { cids: [cid] });
      if (errorCode(told) !== undefined) context.inconclusive(`the advertisement was refused: ${describe(told)}`);
      const read = await readBlob(context, cid);
      if (streamError(read) !== "not_found") should(refusedWith(read.answer, "not_found"));
      const answer = await list(context, cid);
      should(of(answer, equals(should.get(listedCids(answer)), [], "cids")));
    },
  }),
];
