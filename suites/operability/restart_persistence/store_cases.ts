/** What the stores hold after a restart: blobs and corpora. */

import { describe, equals, output } from "../../../src/check/mod.ts";
import { cidOf, isObject, type JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { someCorpus } from "../../../src/target/provisioning.ts";
import { decoded, readChunk, SMALL, stored } from "../../core/files/helpers.ts";
import { restarted } from "../lifecycle.ts";

/** Time an index has to be read again, and between two looks, in milliseconds. */
const INDEXED_MS = 10_000;
const LOOK_EVERY_MS = 250;

/** BLAKE3 of a chunk as file.read gives it. */
async function digestOf(context: CaseContext, cid: string): Promise<string> {
  const answer = await readChunk(context, cid);
  const bytes = decoded(context.must.get(output(answer)).data_b64);
  return bytes === undefined ? describe(answer) : cidOf(bytes);
}

/** Name and document count of every corpus the caller may see. */
async function corporaOf({ target, actors, must }: CaseContext): Promise<readonly JsonObject[]> {
  const answer = await target.call(await actors.member(), "rag.list_corpora", {});
  const { corpora } = must.get(output(answer));
  const list = (Array.isArray(corpora) ? corpora : []).filter(isObject);
  return list.map(({ name = null, docs = null }) => ({ name, docs }))
    .sort((a, b) => String(a.name) < String(b.name) ? -1 : 1);
}

export const storeCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/restart_persistence/blobs",
    requirement: "OPS-024",
    brokenBy: ["blobs-in-temporary-directory"],
    effects: "writes",
    async run(context) {
      const [chunk = ""] = (await stored(context, SMALL)).chunks;
      const before = await digestOf(context, chunk);
      await restarted(context);
      context.must(equals(await digestOf(context, chunk), before, `BLAKE3 of the chunk ${chunk} after the restart`));
    },
  }),
  defineCase({
    id: "operability/restart_persistence/corpora",
    requirement: "OPS-025",
    brokenBy: ["corpora-in-memory"],
    effects: "writes",
    alsoNeeds: ["adapter:corpus"],
    async run(context) {
      await someCorpus(context.target, context.actors);
      const before = await corporaOf(context);
      await restarted(context);
      let after: readonly JsonObject[] = [];
      await context.until(
        async () => {
          after = await corporaOf(context);
          return JSON.stringify(after) === JSON.stringify(before) ? true : undefined;
        },
        INDEXED_MS,
        LOOK_EVERY_MS,
      );
      context.must(equals(after, before, "corpora and their document counts after the restart"));
    },
  }),
];
