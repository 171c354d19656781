import { assertEquals, assertThrows } from "@std/assert";
import { CONCEPTS } from "./concepts/mod.ts";
import { generateAll } from "./generate.ts";
import { byteVectors, VECTOR_TEXTS } from "./mod.ts";
import { readVectorFile } from "./vector_file.ts";

Deno.test("every concept has a file and every file a concept", () => {
  assertEquals(Object.keys(VECTOR_TEXTS).sort(), CONCEPTS.map(({ name }) => name).sort());
  assertEquals(byteVectors().map(({ name }) => name), Object.keys(VECTOR_TEXTS));
});

Deno.test("the files are what our implementation generates; run vectors/generate.ts after an intended change", () => {
  for (const [file, text] of generateAll()) assertEquals(VECTOR_TEXTS[file.replace(".json", "")], text, file);
});

for (const concept of CONCEPTS) {
  const { vectors } = readVectorFile(VECTOR_TEXTS[concept.name] ?? "");

  Deno.test(`${concept.name}: inputs become the same bytes`, () => {
    for (const { name, input, output } of vectors) assertEquals(concept.produce(input), output, name);
  });

  Deno.test(`${concept.name}: bytes are read as the same meaning`, () => {
    for (const { name, input, output } of vectors) assertEquals(concept.parse(output), concept.meaning(input), name);
  });
}

Deno.test("damaged files are refused", () => {
  const bad = [
    "",
    "{}",
    '{"schema":"hearthproof.bytes/1","schema":"hearthproof.bytes/1"}',
    '{"schema":"hearthproof.bytes/1","name":"x"}',
  ];
  for (const text of bad) assertThrows(() => readVectorFile(text), SyntaxError);
});
