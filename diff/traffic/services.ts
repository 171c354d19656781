/** Traffic of files, retrieval, embedding and generation. */

import {
  base64url,
  blobShape,
  chunksOf,
  cidOf,
  type Json,
  type JsonObject,
  manifestCid,
  utf8,
} from "../../src/protocol/mod.ts";
import { BAD, call, type Draw, refused, succeeds, type Template } from "./draw.ts";

const NO_CID = `blake3:${"7".repeat(64)}`;

function model(draw: Draw, capability: string): string {
  return draw.offer.models.get(capability) ?? "default";
}

/** A small text blob as file.put takes it in one call (wire-format-experimental.md section 1). */
function smallBlob(words: string): { readonly cid: string; readonly chunk: string; readonly input: JsonObject } {
  const bytes = utf8(words);
  const shape = blobShape(bytes);
  const cid = manifestCid(shape);
  const chunks = chunksOf(bytes).map((chunk) => ({ i: chunk.i, cid: chunk.cid, data_b64: base64url(chunk.bytes) }));
  const manifest: JsonObject = {
    cid,
    size_bytes: shape.size_bytes,
    chunk_size_bytes: shape.chunk_size_bytes,
    chunks: shape.chunks.map((chunk, i) => ({ i, cid: chunk.cid, size_bytes: chunk.size_bytes })),
  };
  return { cid, chunk: cidOf(bytes), input: { manifest, chunks: chunks as unknown as Json } };
}

export const servicesTemplates: readonly Template[] = [
  {
    name: "file.put",
    needs: "file.put",
    make: (draw) => {
      const as = draw.actor("file.put", "trusted");
      if (as === undefined) return;
      const { cid, chunk, input } = smallBlob(`${draw.word()} ${draw.text()} well map ladder`.repeat(draw.int(1, 40)));
      draw.save("blob", `${cid} ${chunk}`);
      return [call("file.put/valid", as, "file.put", input, succeeds("FIL-036"), { params: {} })];
    },
  },
  {
    name: "file.put/refused",
    needs: "file.put",
    make: (draw) => {
      const { input } = smallBlob(draw.word());
      const member = draw.actor("file.put");
      if (member === undefined) return;
      return [call("file.put/member", member, "file.put", input, refused("FIL-034", 401, "unauthorized"))];
    },
  },
  {
    name: "file.put/spoiled",
    needs: "file.put",
    make: (draw) => {
      const as = draw.actor("file.put", "trusted");
      if (as === undefined) return;
      const { input } = smallBlob(draw.word());
      const chunks = [{ i: 0, cid: NO_CID, data_b64: "AAAA" }];
      return [call("file.put/spoiled", as, "file.put", { ...input, chunks })];
    },
  },
  {
    name: "file.put/broken-off",
    needs: "file.put.resume",
    make: (draw) => {
      const as = draw.actor("file.put", "trusted");
      if (as === undefined || !draw.again(as, "file.put.resume")) return;
      const { cid, input } = smallBlob(`${draw.word()} broken off`);
      const name = draw.pick(["known", "unknown", "missing"]);
      const resume = { known: { manifest_cid: cid }, unknown: { manifest_cid: NO_CID }, missing: {} }[name] ?? {};
      const again = call(`file.put.resume/${name}`, as, "file.put.resume", resume);
      if (name !== "known") return [again];
      const begin = call("file.put/broken-off", as, "file.put", { manifest: input.manifest ?? {} }, undefined, {
        params: {},
        cancel_after: 1,
      });
      return [begin, again];
    },
  },
  {
    name: "file.read/known",
    needs: "file.read",
    make: (draw) => {
      const as = draw.actor("file.read");
      const blob = draw.known("blob");
      if (as === undefined || blob === undefined) return;
      const cid = draw.pick(blob.note.split(" "));
      return [call("file.read/known", as, "file.read", { cid }, succeeds("FIL-001"))];
    },
  },
  {
    name: "file.read/unknown",
    needs: "file.read",
    make: (draw) => {
      const [name, input, law] = draw.pick(
        [
          ["unknown", { cid: NO_CID }, refused("FIL-018", 404, "not_found")],
          ["missing", {}, refused("FIL-019", 400, ...BAD)],
          ["number", { cid: 5 }, refused("FIL-019", 400, ...BAD)],
          ["short", { cid: "blake3:abc" }, undefined],
          ["path", { cid: "../root.key" }, undefined],
          ["upper", { cid: `blake3:${"A".repeat(64)}` }, undefined],
        ] as const,
      );
      const as = draw.actor("file.read");
      return as === undefined ? undefined : [call(`file.read/${name}`, as, "file.read", { ...input }, law)];
    },
  },
  {
    name: "file.list",
    needs: "file.list",
    make: (draw) => {
      const as = draw.actor("file.list");
      if (as === undefined) return;
      const input = draw.pick<JsonObject>([{}, { prefix: "blake3:" }, { prefix: "blake3:0" }, { prefix: "nothing" }]);
      return [call("file.list", as, "file.list", input, succeeds("FIL-025"))];
    },
  },
  {
    name: "file.advertise",
    needs: "file.advertise",
    make: (draw) => {
      const as = draw.actor("file.advertise");
      if (as === undefined) return;
      const own = `blake3:${draw.int(0, 9).toString().repeat(64)}`;
      const [name, drawn, law] = draw.pick<readonly [string, JsonObject, ReturnType<typeof refused>]>(
        [
          ["valid", { cids: [own] }, succeeds("FIL-029")],
          ["held", { cids: [own] }, succeeds("FIL-029")],
          ["no-list", { cids: own }, refused("FIL-032", 400, ...BAD)],
          ["no-cid", { cids: ["hello"] }, refused("FIL-032", 400, ...BAD)],
          ["missing", {}, refused("FIL-032", 400, ...BAD)],
        ],
      );
      const held = draw.known("blob")?.note.split(" ")[0];
      const input = name === "held" && held !== undefined ? { cids: [held] } : drawn;
      const first = call(`file.advertise/${name}`, as, "file.advertise", input, law);
      if (!["valid", "held"].includes(name) || !draw.again(as, "file.advertise")) return [first];
      return [
        first,
        call("file.advertise/repeated", as, "file.advertise", input, succeeds("FIL-030")),
      ];
    },
  },
  {
    name: "rag",
    needs: "rag.query",
    make: (draw) => {
      const as = draw.actor("rag.query");
      if (as === undefined) return;
      const [name, params, input, law] = draw.pick(
        [
          ["unknown-corpus", { corpus: "nowhere" }, { query: "well" }, refused("KBS-010", 404, "not_found")],
          ["no-corpus", {}, { query: "well" }, undefined],
          ["personal", { corpus: "personal" }, { query: "well" }, undefined],
          ["known", { corpus: "maps" }, { query: "well map" }, undefined],
          ["known-k", { corpus: "maps" }, { query: "ladder", k: 1, include_text: false }, undefined],
          ["k-21", { corpus: "maps" }, { query: "ladder", k: 21 }, undefined],
          ["empty-query", { corpus: "maps" }, { query: "" }, undefined],
          ["no-query", { corpus: "maps" }, {}, refused("KBS-012", 400, ...BAD)],
          ["query-number", { corpus: "maps" }, { query: 5 }, refused("KBS-012", 400, ...BAD)],
          ["k-20", { corpus: "maps" }, { query: "well", k: 20 }, undefined],
          ["k-zero", { corpus: "maps" }, { query: "well", k: 0 }, undefined],
          ["filter", { corpus: "maps" }, { query: "well", filters: { year: 2020 } }, undefined],
        ] as const,
      );
      return [call(`rag.query/${name}`, as, "rag.query", { ...input }, law, { params: { ...params } })];
    },
  },
  {
    name: "rag.ingest",
    needs: "rag.ingest",
    make: (draw) => {
      const [level, corpus] = draw.pick(
        [["trusted", "maps"], ["self", "personal"], ["trusted", "system"], ["trusted", "maps"], ["member", "maps"], [
          "trusted",
          "personal",
        ]] as const,
      );
      const as = draw.actor("rag.ingest", level);
      const blob = draw.known("blob");
      if (as === undefined) return;
      const doc = blob === undefined ? NO_CID : blob.note.split(" ")[0] ?? NO_CID;
      const input = { doc_cid: doc, title: "Map of the wells", language: "en", metadata: { year: 2020 } };
      return [
        call("rag.ingest", as, "rag.ingest", input, undefined, {
          params: { corpus },
        }),
      ];
    },
  },
  {
    name: "rag.list_corpora",
    needs: "rag.list_corpora",
    make: (draw) => {
      const as = draw.actor("rag.list_corpora", draw.once(4) ? "stranger" : "member");
      if (as === undefined) return;
      const law = draw.cast[as] === "stranger" ? refused("KBS-021", 401, "unauthorized") : succeeds("KBS-041");
      return [call("rag.list_corpora", as, "rag.list_corpora", {}, law)];
    },
  },
  {
    name: "stranger reads",
    make: (draw) => {
      const name = draw.pick(["rag.query", "file.read", "file.list", "embed.text", "market.list", "llm.chat"]);
      if (!draw.offer.capabilities.has(name)) return;
      const as = draw.actor(name, "stranger");
      const requirement = {
        "rag.query": "KBS-021",
        "file.read": "FIL-021",
        "embed.text": "EMB-017",
        "market.list": "MKT-027",
      }[name] ?? "IDN-038";
      return as === undefined ? undefined : [
        call(`${name}/stranger`, as, name, {}, refused(requirement, 401, "unauthorized")),
      ];
    },
  },
  {
    name: "embed.text/valid",
    needs: "embed.text",
    make: (draw) => {
      const as = draw.actor("embed.text");
      if (as === undefined) return;
      const input = draw.pick<JsonObject>([
        { texts: ["hearth", draw.text()] },
        { texts: ["a", "longer text here", "b"] },
        { texts: ["hearth"], normalize: true },
        { texts: ["hearth", "well"], normalize: false },
        { texts: [""] },
        { texts: ["x".repeat(8192)] },
        { texts: Array.from({ length: 256 }, (_, i) => `t${i}`) },
      ]);
      return [
        call("embed.text/valid", as, "embed.text", input, succeeds("EMB-001"), {
          params: { model: model(draw, "embed.text") },
        }),
      ];
    },
  },
  {
    name: "embed.text/invalid",
    needs: "embed.text",
    make: (draw) => {
      const as = draw.actor("embed.text");
      if (as === undefined) return;
      const known = { model: model(draw, "embed.text") };
      const [name, params, input, law] = draw.pick<
        readonly [string, JsonObject, JsonObject, ReturnType<typeof refused>]
      >([
        ["257", known, { texts: Array.from({ length: 257 }, () => "a") }, refused("EMB-010", 400, ...BAD)],
        ["none", known, { texts: [] }, refused("EMB-011", 400, ...BAD)],
        ["too-long", known, { texts: ["ok", "x".repeat(8193)] }, refused("EMB-012", 400, ...BAD)],
        ["unknown-model", { model: "no-such-model" }, { texts: ["a"] }, refused("EMB-014", 404, "not_found")],
        ["missing", known, {}, refused("EMB-015", 400, ...BAD)],
        ["number", known, { texts: ["a", 5] }, refused("EMB-015", 400, ...BAD)],
        ["no-model", {}, { texts: ["a"] }, refused("BUS-026", 400, ...BAD)],
      ]);
      return [call(`embed.text/${name}`, as, "embed.text", input, law, { params })];
    },
  },
];
