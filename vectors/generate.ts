/** Makes the vector files from our implementation, after checking it against what the documents print. */

import { canonicalize, type Json } from "../src/protocol/mod.ts";
import type { Concept } from "./concept.ts";
import { CONCEPTS } from "./concepts/mod.ts";
import { VECTOR_SCHEMA, type VectorFile } from "./vector_file.ts";

const INDENT = 2;

/**
 * The vectors of a concept.
 *
 * @throws {Error} If our implementation gives another value than the document prints.
 */
export function generate(concept: Concept): VectorFile {
  const vectors = concept.cases.map(({ name, input, worked }) => {
    const output = concept.produce(input);
    for (const [member, printed] of Object.entries(worked ?? {})) {
      if (canonicalize(output[member] as Json) !== canonicalize(printed as Json)) {
        throw new Error(`Cannot generate ${concept.name}, ${name}: ${member} differs from the document`);
      }
    }
    return { name, worked: worked !== undefined, input, output };
  });
  return { schema: VECTOR_SCHEMA, name: concept.name, provenance: concept.provenance, vectors };
}

/** Text of each vector file by file name. */
export function generateAll(): ReadonlyMap<string, string> {
  return new Map(
    CONCEPTS.map((concept) => [`${concept.name}.json`, JSON.stringify(generate(concept), null, INDENT) + "\n"]),
  );
}

if (import.meta.main) {
  for (const [name, text] of generateAll()) Deno.writeTextFileSync(new URL(name, import.meta.url), text);
}
