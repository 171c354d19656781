import { assertEquals } from "@std/assert";
import { equals, okObject } from "../check/mod.ts";
import { VARIANTS_BY_AREA } from "../node/variants/mod.ts";
import { systemClock } from "../wire/mod.ts";
import { type ConformanceCase, defineCase } from "./case.ts";
import type { Requirement } from "./requirement.ts";
import { NEEDS_A_PROCESS } from "./run.ts";
import { plan } from "./select.ts";
import { selftest, type SelftestOptions } from "./selftest.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;
const SECTION = "core/identity";
const CLOCK = systemClock();

const requirementOf = (id: string): Requirement => ({
  id,
  section: SECTION,
  ref: "CONTRACT §6.1",
  level: "MUST",
  needs: id === "IDN-002" ? ["managed"] : [],
  says: "a rule",
  observe: "look",
  fault: "broken",
});

const lifetime: Pick<ConformanceCase, "effects" | "run"> = {
  effects: "none",
  async run({ target, must }) {
    const { issued_at, expires_at } = must.get(okObject(await target.manifest()));
    const seconds = (Date.parse(String(expires_at)) - Date.parse(String(issued_at))) / 1000;
    must(equals(seconds, 30, "the lifetime in seconds"));
  },
};

function select(cases: readonly ConformanceCase[], more: Partial<SelftestOptions> = {}): SelftestOptions {
  const planned = plan([{ section: SECTION, cases }], requirementOf);
  return {
    planned,
    all: planned,
    requirementOf,
    clock: CLOCK,
    seed: 7,
    timeOrigin: Math.floor(CLOCK.wall() / 1000) * 1000,
    suiteVersion: "1.0.0",
    parallel: 4,
    slow: false,
    faultNames: ["manifest-ttl-300", "unused"],
    variants: {},
    progress: () => {},
    ...more,
  };
}

const childCommand = (faults: readonly string[], variants: readonly string[]) =>
  [Deno.execPath(), "run", "-A", MAIN, "node", "--port", "{port}", "--data", "{data}"]
    .concat(faults.map((name) => `--fault=${name}`), variants.map((name) => `--variant=${name}`)).join(" ");

const killed = ({ case: id, fault, killed }: { case: string; fault: string; killed: boolean }) => [id, fault, killed];

Deno.test("selftest proves a case, tells idle faults, and counts a fault it does not see as a survivor", async () => {
  const result = await selftest(select([
    defineCase({ ...lifetime, id: `${SECTION}/sees`, requirement: "IDN-001", brokenBy: ["manifest-ttl-300"] }),
    defineCase({
      id: `${SECTION}/blind`,
      requirement: "IDN-003",
      brokenBy: ["manifest-ttl-300"],
      effects: "none",
      run: () => {},
    }),
  ]));
  assertEquals(result.matrix.map(killed), [
    [`${SECTION}/sees`, "manifest-ttl-300", true],
    [`${SECTION}/blind`, "manifest-ttl-300", false],
  ]);
  assertEquals(result.survivors, [{ case: `${SECTION}/blind`, fault: "manifest-ttl-300", outcome: "pass" }]);
  assertEquals([result.cases, result.killed, result.repeated, result.idleFaults], [2, 1, 1, ["unused"]]);
});

Deno.test("selftest hosts cases that need a process on children of the program, sound and faulty", async () => {
  const hosted = { ...lifetime, brokenBy: ["manifest-ttl-300"], hostedBy: "process" } as const;
  const cases = [
    defineCase({ ...hosted, id: `${SECTION}/shared`, requirement: "IDN-001" }),
    defineCase({
      ...hosted,
      id: `${SECTION}/restarted`,
      requirement: "IDN-002",
      run: async (context) => {
        const before = context.target.nodeId;
        await context.target.restart("kill");
        context.must(equals(context.target.nodeId, before, "the NodeID after a restart"));
        await lifetime.run(context);
      },
    }),
  ];
  const variants = { identity: Object.keys(VARIANTS_BY_AREA.identity).slice(0, 1), files: ["never-used-here"] };
  const result = await selftest(select(cases, { childCommand, variants }));
  assertEquals(result.survivors, []);
  assertEquals(result.matrix.map(killed), cases.map(({ id }) => [id, "manifest-ttl-300", true]));
  assertEquals([result.killed, result.unproven], [2, []]);
});

Deno.test("a case that needs a process is unproven where the program cannot start itself", async () => {
  const id = `${SECTION}/shared`;
  const hosted = defineCase({
    ...lifetime,
    id,
    requirement: "IDN-001",
    brokenBy: ["manifest-ttl-300"],
    hostedBy: "process",
  });
  const result = await selftest(select([hosted]));
  assertEquals(result.unproven, [{ case: id, reason: NEEDS_A_PROCESS }]);
  assertEquals([result.killed, result.survivors, result.matrix], [0, [], []]);
});
