/** Schema hashes. wire-format.md sections 14 and 20. */

import {
  canonicalize,
  isCid,
  type JsonObject,
  parseJson,
  type SchemaDocument,
  schemaHash,
} from "../../src/protocol/mod.ts";
import { concept } from "../concept.ts";

type Input = { document: JsonObject };
type Output = { canonical: string; hash: string };

const OBJECT = { type: "object" };
const ECHO = {
  name: "experimental.echo",
  version: "1.0",
  request_schema: { type: "object", required: ["params", "input"], properties: { params: OBJECT, input: OBJECT } },
  response_schema: { type: "object", required: ["output"] },
  stream_schema: null,
};

export const schemaHashes = concept<Input, Output>({
  name: "schema-hash",
  provenance: { document: "wire-format.md", section: "20" },
  cases: [
    {
      name: "experimental.echo@1.0",
      input: { document: ECHO },
      worked: { hash: "blake3:48cd89fd22b4d2f84f0f540445b70ffb11a4d1f90f0bcc5ef4cf3017c4fddc8b" },
    },
    { name: "another version", input: { document: { ...ECHO, version: "1.1" } } },
  ],
  produce: ({ document }) => ({
    canonical: canonicalize(document),
    hash: schemaHash(document as unknown as SchemaDocument),
  }),
  parse({ canonical, hash }) {
    const document = parseJson(canonical);
    if (!isCid(hash) || schemaHash(document as unknown as SchemaDocument) !== hash) {
      throw new Error("Cannot derive the schema hash");
    }
    return canonicalize(document);
  },
  meaning: ({ document }) => canonicalize(document),
});
