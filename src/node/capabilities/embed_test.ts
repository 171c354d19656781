import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { JsonObject } from "../../protocol/mod.ts";
import { cosine, EMBEDDING_DIM, EMBEDDING_MODEL } from "../rag/embedding.ts";
import { registerEmbed } from "./embed.ts";
import { Bench } from "./testing.ts";

const PARAMS = { model: EMBEDDING_MODEL };

async function embeddings(bench: Bench, input: JsonObject): Promise<number[][]> {
  return (await bench.call("embed.text", PARAMS, input)).output.embeddings as number[][];
}

Deno.test("each text has a unit vector, in order, the same each time", async () => {
  const bench = new Bench(registerEmbed);
  const { output, meta } = await bench.call("embed.text", PARAMS, { texts: ["a fox", "a hen", "a fox"] });
  const vectors = output.embeddings as number[][];
  assertEquals([vectors.length, output.dim, meta?.model], [3, EMBEDDING_DIM, EMBEDDING_MODEL]);
  for (const vector of vectors) assertAlmostEquals(Math.hypot(...vector), 1, 1e-9);
  assertEquals(vectors[0], vectors[2]);
  assertEquals((await embeddings(bench, { texts: ["a hen", "a fox"] })).reverse(), vectors.slice(0, 2));
});

Deno.test("without normalisation the direction stays", async () => {
  const bench = new Bench(registerEmbed);
  const [plain] = await embeddings(bench, { texts: ["one two three"], normalize: false });
  const [unit] = await embeddings(bench, { texts: ["one two three"], normalize: true });
  assertAlmostEquals(cosine(plain ?? [], unit ?? []), 1, 1e-9);
});

Deno.test("bounds and bad inputs", async () => {
  const bench = new Bench(registerEmbed);
  assertEquals((await embeddings(bench, { texts: Array(256).fill("x") })).length, 256);
  assertEquals((await embeddings(bench, { texts: ["y".repeat(8192)] })).length, 1);
  const bad: JsonObject[] = [
    { texts: Array(257).fill("x") },
    { texts: [] },
    { texts: ["ok", "y".repeat(8193)] },
    {},
    {
      texts: ["a", 7],
    },
    { texts: "a" },
    { texts: ["a"], normalize: 1 },
  ];
  for (const input of bad) assertEquals(await bench.refusal("embed.text", PARAMS, input), "bad_request");
  assertEquals(await bench.refusal("embed.text", { model: "no-such-model" }, { texts: ["a"] }), "not_found");
  assertEquals(await bench.refusal("embed.text", {}, { texts: ["a"] }), "bad_request");
});
