/** The form of a vector file, `hearthproof.bytes/1`. */

import { isObject, type Json, type JsonObject, parseJson } from "../src/protocol/mod.ts";
import type { Provenance } from "./concept.ts";

export const VECTOR_SCHEMA = "hearthproof.bytes/1";

/** One vector: an input and the bytes it has to become, and back. */
export interface ByteVector {
  readonly name: string;
  /** Whether the document prints the output, wholly or in part; otherwise it was generated. */
  readonly worked: boolean;
  readonly input: JsonObject;
  readonly output: JsonObject;
}

/** All vectors of one concept. */
export interface VectorFile {
  readonly schema: typeof VECTOR_SCHEMA;
  readonly name: string;
  readonly provenance: Provenance;
  readonly vectors: readonly ByteVector[];
}

/**
 * Reads a vector file with the strict reader.
 *
 * @throws {SyntaxError} If it is no strict JSON or lacks a member.
 */
export function readVectorFile(text: string): VectorFile {
  const value = parseJson(text);
  const bad = (what: string) => new SyntaxError(`Cannot read the vector file: ${what}`);
  if (!isObject(value) || value.schema !== VECTOR_SCHEMA) throw bad(`its schema is not ${VECTOR_SCHEMA}`);
  const { name, provenance, vectors } = value;
  if (typeof name !== "string") throw bad("it has no name");
  if (!isObject(provenance) || typeof provenance.document !== "string" || typeof provenance.section !== "string") {
    throw bad(`${name} has no provenance`);
  }
  if (!Array.isArray(vectors) || vectors.length === 0 || !vectors.every(isVector)) throw bad(`${name} has no vectors`);
  return value as unknown as VectorFile;
}

function isVector(value: Json): boolean {
  return isObject(value) && typeof value.name === "string" && typeof value.worked === "boolean" &&
    isObject(value.input) && isObject(value.output);
}
