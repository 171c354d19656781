/** Speed of the comparison alone and memory per name. `deno bench -A diff/compare_bench.ts` */

import type { JsonObject } from "../src/protocol/mod.ts";
import { type RunState, ValueComparer } from "./compare_values.ts";
import { Renaming } from "./renaming.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const FEW = 10_000;
const MANY = 1_000_000;
const SPILLED = 100_000;
/** Bound of the issue. */
const MAX_BYTES_PER_NAME = 100;
/** Garbage not yet collected counts too, so that this is far above what is kept: a thirtieth of what the events take. */
const FLAT_BYTES = 64 * 2 ** 20;

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

/** Compares so many events and returns the renaming with the bytes of the heap that grew beside its tables. */
function compared(count: number, maxInMemory = MANY * 2): { readonly renaming: Renaming; readonly grown: number } {
  const state: RunState = { renaming: new Renaming({ maxInMemory }), offsets: [0] };
  const comparer = new ValueComparer(state);
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) {
    comparer.compare(event("A", i), event("B", i), "", (_, path) => {
      throw new Error(`Cannot bench: a difference at ${path}`);
    });
  }
  return { renaming: state.renaming, grown: Deno.memoryUsage().heapUsed - before };
}

Deno.bench(`${FEW} events compared, made anew each time`, () => compared(FEW).renaming.close());

Deno.bench({ name: `${MANY} events compared: memory by name, and everything else flat`, n: 1, warmup: 0 }, () => {
  const { renaming, grown } = compared(MANY);
  renaming.close();
  const perName = renaming.bytes / renaming.size;
  if (perName > MAX_BYTES_PER_NAME) throw new Error(`Cannot keep the bound: ${perName} bytes per name`);
  if (grown > FLAT_BYTES) throw new Error(`Cannot stay flat: the heap grew by ${grown} bytes`);
});

Deno.bench({ name: `${SPILLED} names of which all but ${FEW} are on disk`, n: 1, warmup: 0 }, () => {
  const { renaming } = compared(SPILLED, FEW);
  const bytes = renaming.bytes;
  renaming.close();
  if (bytes > FEW * MAX_BYTES_PER_NAME) throw new Error(`Cannot keep the bound: ${bytes} bytes in memory`);
});
