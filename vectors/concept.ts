/** What a concept of canonical bytes is: inputs, the way to the bytes, and the way back. */

import { fromHex, type Identity, identityFromSeed, type Json, type JsonObject } from "../src/protocol/mod.ts";

/** Where a vector comes from. */
export interface Provenance {
  readonly document: string;
  readonly section: string;
}

/** One input; `worked` are members of the output that the document prints. */
export interface ConceptCase<I extends JsonObject, O extends JsonObject> {
  readonly name: string;
  readonly input: I;
  readonly worked?: Partial<O>;
}

/** One kind of bytes. */
export interface Concept<I extends JsonObject = JsonObject, O extends JsonObject = JsonObject> {
  readonly name: string;
  readonly provenance: Provenance;
  readonly cases: readonly ConceptCase<I, O>[];
  /** The bytes of an input. */
  produce(input: I): O;
  /** What a reader makes of the output. @throws {Error} If a check a reader has to make fails. */
  parse(output: O): Json;
  /** What {@linkcode parse} must give for an input. */
  meaning(input: I): Json;
}

/** Keeps the types of a concept while it is written and drops them for the list of all. */
export function concept<I extends JsonObject, O extends JsonObject>(value: Concept<I, O>): Concept {
  return value as unknown as Concept;
}

/** The identity of a seed in hex. */
export function identity(seed: string): Identity {
  return identityFromSeed(fromHex(seed));
}

/** A seed of 32 equal bytes, in hex. */
export function equalBytesSeed(byte: string): string {
  return byte.repeat(32);
}

/** Seed bytes 01 02 … 20 of wire-format.md section 20. */
export const RISING_SEED = Array.from({ length: 32 }, (_, i) => (i + 1).toString(16).padStart(2, "0")).join("");
/** Id of the community key of the same section: seed of 32 bytes 07. */
export const COMMUNITY = "ed25519:6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw";
