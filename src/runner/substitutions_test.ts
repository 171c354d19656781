import { assertEquals } from "@std/assert";
import { utf8 } from "../protocol/mod.ts";
import type { TranscriptRecord } from "../wire/mod.ts";
import { Substitutions } from "./substitutions.ts";

const NODE = `ed25519:${"A".repeat(43)}`;
const EVENT = "01K40C3M7T9V5X1Z8B6D4F2H0J";
const OWN = "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B";

function scope(...pieces: readonly (readonly ["in" | "out", string])[]): TranscriptRecord[] {
  return pieces.map(([direction, text]) => ({ scope: "x", connection: 1, at: 0, direction, bytes: utf8(text) }));
}

Deno.test("what the target named first and the tester sent back is counted by kind", () => {
  const counted = new Substitutions();
  counted.add("a", scope(["out", OWN], ["in", `${OWN} ${EVENT}`], ["out", `${EVENT} ${OWN}`], ["out", EVENT]));
  assertEquals(counted.list(), [{ path: "ulid", count: 2 }]);
});

Deno.test("what the pre-flight learned counts in every scope, what a case learned in its own only", () => {
  const counted = new Substitutions();
  counted.add("preflight", scope(["in", NODE]));
  counted.add("a", scope(["out", NODE], ["in", EVENT]));
  counted.add("b", scope(["out", `${NODE} ${EVENT}`]));
  assertEquals(counted.list(), [{ path: "node_id", count: 2 }]);
});

Deno.test("a signature is no NodeID", () => {
  const counted = new Substitutions();
  const signature = `ed25519:${"B".repeat(86)}`;
  counted.add("a", scope(["in", signature], ["out", signature]));
  assertEquals(counted.list(), []);
});
