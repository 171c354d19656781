import { assertEquals, assertThrows } from "@std/assert";
import { identityFromSeed } from "../protocol/mod.ts";
import { Actors, NoSuchActor } from "./actors.ts";

const AUDITOR = identityFromSeed(new Uint8Array(32).fill(7));

Deno.test("the auditor is the identity of the adapter file, and without one there is none", () => {
  const base = { pool: [], seed: 1, namespace: ["case"] };
  assertEquals(new Actors({ ...base, auditor: AUDITOR }).auditor().id, AUDITOR.id);
  assertThrows(() => new Actors(base).auditor(), NoSuchActor, "audit");
});
