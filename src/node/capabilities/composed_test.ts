import { assertEquals } from "@std/assert";
import { type Json, type JsonObject, utf8 } from "../../protocol/mod.ts";
import { systemClock } from "../../wire/clock.ts";
import { post, signedCall } from "../http/fake_client.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { NODE_PARTS } from "../parts.ts";
import { registerAll } from "./mod.ts";

/** A node with all its parts; calls are made by the founder of the community. */
async function withNode(
  use: (
    call: (capability: string, body: JsonObject, version?: string) => Promise<Json>,
    node: ReferenceNode,
  ) => Promise<void>,
) {
  const options = defaultNodeOptions({ clock: systemClock() });
  const node = await ReferenceNode.start(options, { ...NODE_PARTS, registerAll });
  try {
    await use(async (capability, body, version = "1.0") => {
      const answer = await post(node, signedCall(node, { capability, version, body }, options.root));
      return answer.body;
    }, node);
  } finally {
    await node.stop();
  }
}

Deno.test("a document is put, ingested, found and embedded over HTTP", () =>
  withNode(async (call, node) => {
    const doc_cid = node.core.blobs.putBlob(utf8("the zwieblux valve"));
    const listed = await call("file.list", { params: {}, input: {} }) as JsonObject;
    assertEquals((listed.output as JsonObject).cids ?? null, [doc_cid]);
    const ingested = await call("rag.ingest", { params: { corpus: "guides" }, input: { doc_cid } }) as JsonObject;
    assertEquals((ingested.output as JsonObject).chunks_indexed, 1);
    const found = await call("rag.query", { params: { corpus: "guides" }, input: { query: "zwieblux" } }) as JsonObject;
    assertEquals(((found.output as JsonObject).chunks as JsonObject[]).length, 1);
    const corpora = node.core.manifest.current().capabilities.filter(({ name }) => name === "rag.query");
    assertEquals(corpora.map(({ params }) => params.corpus ?? null), [null, "guides"]);
    const input = { params: { model: "hash-embed-64" }, input: { texts: ["a"] } };
    assertEquals(((await call("embed.text", input) as JsonObject).output as JsonObject).dim, 64);
  }));

Deno.test("a chat is answered whole in both versions, and tools run in the caller's name", () =>
  withNode(async (call) => {
    const input = { messages: [{ role: "user", content: "Count to 3" }], stream: false };
    for (const version of ["1.0", "2.0"]) {
      const answer = await call("llm.chat", { params: { model: "ember-tiny" }, input }, version) as JsonObject;
      assertEquals((answer.output as JsonObject).message ?? null, { role: "assistant", content: "1, 2, 3" });
    }
    const tool = {
      tool_call_id: "tc_1",
      target_capability: "rag.query@1.0",
      target_body: { params: { corpus: "x" }, input: {} },
    };
    assertEquals((await call("llm.tools.call", { params: {}, input: tool }) as JsonObject).error, "bad_request");
  }));
