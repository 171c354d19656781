import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../wire/mod.ts";
import { Lab } from "./lab.ts";
import { RemoteError, type RemoteJob, RemoteRunner } from "./remote.ts";
import { requirementOf } from "./testing.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;
const CASE = "core/identity/manifest-lifetime";
const clock = systemClock();
const basis = { clock, seed: 3, timeOrigin: Math.floor(clock.wall() / 1000) * 1000, suiteVersion: "1.0.0" };

Deno.test("the program as its own worker runs cases on nodes with faults, and says what it cannot run", async () => {
  const { profile } = await new Lab({ ...basis, requirementOf }, { host: "embedded", faults: [], variants: [] }).look();
  const { seed, timeOrigin } = basis;
  const runner = new RemoteRunner(MAIN, { seed, timeOrigin, dialect: "contract", captureWire: false, profile });
  const job: RemoteJob = { id: CASE, faults: [], variants: [], recorded: true };
  try {
    const [sound, faulty] = await Promise.all([
      runner.run(job),
      runner.run({ ...job, faults: ["manifest-ttl-300"], recorded: false }),
    ]);
    assertEquals([sound.result.outcome, faulty.result.outcome], ["pass", "fail"]);
    assertEquals([sound.records.some(({ direction }) => direction === "exchange"), faulty.records.length], [true, 0]);
    await assertRejects(() => runner.run({ ...job, id: "core/identity/none" }), RemoteError, "is unknown");
  } finally {
    runner.close();
  }
  await assertRejects(() => runner.run(job), RemoteError, "ended");
});
