/** file.put.resume. */

import { equals, refusedWith } from "../../../src/check/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { uploadPath } from "../../../src/target/provisioning.ts";
import { upload } from "../../../src/target/upload.ts";
import { at, kinds, THREE_CHUNKS, unknownCid, uploadRefused } from "./helpers.ts";
import { mustEnd, mustHold, sorted, unsent, uploader } from "./put_cases.ts";

/** Milliseconds a node may take to notice that the upload broke off and to have stored what came. */
const SETTLE_MS = 1_000;

export const resumeCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/files/resume-asks-for-the-rest",
    requirement: "FIL-048",
    brokenBy: ["resume-from-zero"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const { path, put } = await uploader(context);
      const blob = unsent(context, path, THREE_CHUNKS);
      await put({ input: { manifest: blob.manifest }, chunks: () => blob.messages.slice(0, 1), drop: true });
      const input = { manifest_cid: blob.cid, client_id: target.id() };
      let asked: readonly number[] | undefined;
      const resume = () =>
        put({
          capability: "file.put.resume",
          input,
          chunks: (indices) => {
            asked = sorted(indices);
            return asked?.join() === "1,2" ? blob.wanted(indices) : undefined;
          },
        });
      let last = await resume();
      await context.until(async () => {
        if (asked?.join() === "1,2") return true;
        last = await resume();
      }, SETTLE_MS);
      must(at(last.answer, equals(asked ?? last.code ?? kinds(last.frames), [1, 2], "missing of ready")));
      must(at(last.answer, equals(mustEnd(context, last).received, 2, "received of done")));
      await mustHold(context, blob.cid, blob.bytes);
    },
  }),
  defineCase({
    id: "core/files/resume-of-nothing",
    requirement: "FIL-049",
    brokenBy: ["resume-of-nothing-succeeds"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      const theo = await actors.trusted();
      const way = target.advertised("file.put") === undefined ? "post" : (await uploadPath(target, theo)).way;
      const outcome = await upload(target, theo, way, {
        capability: "file.put.resume",
        input: { manifest_cid: unknownCid(context), client_id: target.id() },
        chunks: () => undefined,
      });
      should(uploadRefused(outcome, ["not_found"], true));
    },
  }),
  defineCase({
    id: "core/files/resume-needs-trust",
    requirement: "FIL-050",
    brokenBy: ["file-put-resume-open-to-members"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const outcome = await upload(target, await actors.member(), "post", {
        capability: "file.put.resume",
        input: { manifest_cid: unknownCid(context), client_id: target.id() },
        chunks: () => undefined,
      });
      must(refusedWith(outcome.answer, "unauthorized"));
    },
  }),
];
