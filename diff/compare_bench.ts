/** Speed of the comparison alone and memory per name. `deno bench -A diff/compare_bench.ts` */

import type { JsonObject } from "../src/protocol/mod.ts";
import { type RunState, ValueComparer } from "./compare_values.ts";
import { Renaming } from "./renaming.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const FEW = 10_000;
const MANY = 1_000_000;

/** A ULID that depends on the number alone. */
function id(side: string, number: number): string {
  let tail = "";
  for (let rest = number, i = 0; i < 8; i++, rest = Math.floor(rest / 32)) tail = (ALPHABET[rest % 32] ?? "0") + tail;
  return `01M2R5G8X4Q9ZT7W${side}${"0"}${tail}`;
}

function event(side: string, number: number): JsonObject {
  return {
    schema_version: 1,
    event_id: id(side, number),
    lamport: number,
    wall_clock: "2027-03-14T10:02:11Z",
    community_id: "ed25519:ebVWLo_mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ",
    author: "ed25519:6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw",
    event_type: "market.post.created",
    data: {
      client_id: `c${number}`,
      category: "info",
      title: "a title",
      body: "some text",
      tags: [],
      ttl_seconds: 3600,
    },
    signature: `ed25519:${"A".repeat(86)}`,
  };
}

function compared(count: number): Renaming {
  const state: RunState = { renaming: new Renaming({ maxInMemory: MANY * 2 }), offsets: [0] };
  const comparer = new ValueComparer(state);
  for (let i = 0; i < count; i++) {
    comparer.compare(event("A", i), event("B", i), "", (_, path) => {
      throw new Error(`Cannot bench: a difference at ${path}`);
    });
  }
  return state.renaming;
}

Deno.bench(`${FEW} events compared, made anew each time`, () => void compared(FEW));

Deno.bench({ name: `${MANY} names in a map that knows them all`, n: 1, warmup: 0 }, () => {
  const renaming = new Renaming({ maxInMemory: MANY * 2 });
  for (let i = 0; i < MANY; i++) renaming.offer(id("A", i), id("B", i));
  if (renaming.bytes / MANY > 100) throw new Error(`Cannot keep the bound: ${renaming.bytes / MANY} bytes per name`);
});
