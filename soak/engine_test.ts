import { assertEquals } from "@std/assert";
import { identityFromSeed, Random } from "../src/protocol/mod.ts";
import { VirtualClock } from "../src/wire/clock.ts";
import { Engine } from "./engine.ts";
import { Instrument } from "./instrument.ts";
import type { CallDone, Observation } from "./observation.ts";
import type { Hands, Outcome } from "./workload_calls.ts";

const identity = identityFromSeed(new Uint8Array(32).fill(3));

/** An engine whose only operation does this, and what it told. */
function engineOf(run: (clock: VirtualClock) => Promise<Outcome>, seen: (call: CallDone) => void = () => {}) {
  const clock = new VirtualClock();
  const calls: CallDone[] = [];
  const observe = (observation: Observation) => {
    if (observation.kind !== "call") return;
    calls.push(observation);
    seen(observation);
  };
  const caller = { index: 0, actor: { name: "m", identity, id: identity.id, level: "member" } };
  const engine = new Engine({
    clock,
    hands: { callers: [caller], random: new Random(1) } as unknown as Hands,
    operations: [{ name: "op", capability: "op", weight: 1, writes: false, run: () => run(clock) }],
    observe,
    instrument: new Instrument(),
    startedAt: 0,
  });
  return { engine, calls, never: new AbortController().signal };
}

const ok = async (clock: VirtualClock): Promise<Outcome> => {
  await clock.sleep(7);
  return { capability: "op", code: "ok" };
};

Deno.test("in the closed model a call is due when the one before has ended, and ends when its outcome is there", async () => {
  const { engine, calls, never } = engineOf(ok);
  await engine.closedModel(1, 20, never);
  assertEquals(
    calls,
    [0, 7, 14].map((due) => ({
      kind: "call",
      capability: "op",
      code: "ok",
      due,
      started: due,
      ended: due + 7,
    })),
  );
  assertEquals(engine.inFlight, 0);
});

const DEFECTS: readonly (readonly [string, () => Promise<Outcome>])[] = [
  ["rejects", () => Promise.reject(new RangeError("no"))],
  ["throws at once", () => {
    throw new RangeError("no");
  }],
];

for (const [how, run] of DEFECTS) {
  Deno.test(`an operation that ${how} is a call that failed by a defect of the tester`, async () => {
    const { engine, calls, never } = engineOf(run);
    await engine.openModel([0, 5].values(), 100, never);
    await engine.drain(never);
    assertEquals(calls.map(({ capability, code, due }) => [capability, code, due]), [
      ["op", "tester_RangeError", 0],
      ["op", "tester_RangeError", 5],
    ]);
    assertEquals(engine.inFlight, 0);
  });
}

Deno.test("a monitor that throws is seen as a failed call too, and the load goes on", async () => {
  const { engine, calls, never } = engineOf(ok, ({ code, due }) => {
    if (code === "ok" && due === 0) throw new TypeError("a defect");
  });
  await engine.closedModel(1, 10, never);
  assertEquals(calls.map(({ code, due }) => [code, due]), [["ok", 0], ["tester_TypeError", 0], ["ok", 7]]);
  assertEquals(engine.inFlight, 0);
});
