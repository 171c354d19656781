import { assertEquals } from "@std/assert";
import { equals } from "../check/mod.ts";
import { VARIANTS_BY_AREA } from "../node/variants/mod.ts";
import { type ConformanceCase, defineCase } from "./case.ts";
import type { CaseThread } from "./crew.ts";
import { NEEDS_A_PROCESS } from "./run.ts";
import { selftest, type SelftestOptions } from "./selftest.ts";
import { lifetime, MANAGED, SECTION, suiteOf } from "./testing.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;

function select(cases: readonly ConformanceCase[], more: Partial<SelftestOptions> = {}): SelftestOptions {
  return {
    ...suiteOf(cases),
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
      requirement: MANAGED,
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

Deno.test("a job that another thread cannot run is run on this one", async () => {
  const asked: string[] = [];
  const closed: string[] = [];
  const thread = (name: string): CaseThread => ({
    run: ({ label }) => Promise.resolve(void asked.push(`${name} ${label}`)),
    close: () => void closed.push(name),
  });
  const hosted = defineCase({
    ...lifetime,
    id: `${SECTION}/sees`,
    requirement: "IDN-001",
    brokenBy: ["manifest-ttl-300"],
  });
  const options = select([hosted], { parallel: 2, threads: () => [thread("second")] });
  const result = await selftest(options);
  assertEquals([result.killed, result.survivors, closed], [1, [], ["second"]]);
  assertEquals(asked.length > 0, true);
});

Deno.test("the matrix has one order, whatever was done first", async () => {
  const faults = ["manifest-ttl-300", "post-ttl-negative", "manifest-without-load"] as const;
  const cases = [1, 2].map((i) =>
    defineCase({ ...lifetime, id: `${SECTION}/${i}`, requirement: "IDN-001", brokenBy: [...faults] })
  );
  // The thread answers the first fault last.
  const others = Promise.withResolvers<undefined>();
  const thread: CaseThread = {
    run: ({ label }) => label === faults[0] ? others.promise : Promise.resolve(undefined),
    close: () => {},
  };
  const progress = (done: number, total: number) => {
    if (done === total - 1) others.resolve(undefined);
  };
  const result = await selftest(select(cases, { parallel: 2, threads: () => [thread], progress }));
  assertEquals(
    result.matrix.map(({ case: id, fault }) => [id, fault]),
    cases.flatMap(({ id }) => faults.map((fault) => [id, fault])),
  );
});

Deno.test("slow cases that are left out are counted", async () => {
  const slow = defineCase({
    ...lifetime,
    id: `${SECTION}/slow`,
    requirement: "IDN-001",
    brokenBy: ["manifest-ttl-300"],
    alsoNeeds: ["slow"],
  });
  const result = await selftest(select([slow]));
  assertEquals([result.cases, result.slow, result.killed], [1, 1, 0]);
});

Deno.test("a case that a sound variant cannot show is told as skipped there, and is proven all the same", async () => {
  const id = `${SECTION}/token`;
  const needing = defineCase({
    ...lifetime,
    id,
    requirement: "IDN-001",
    brokenBy: ["manifest-ttl-300"],
    alsoNeeds: ["own-token"],
  });
  const result = await selftest(select([needing], { variants: { tokens: ["tokens-of-this-node-only"] } }));
  assertEquals([result.killed, result.survivors], [1, []]);
  const reason = "a token minted by a member is not honoured";
  assertEquals(result.variantSkips, [{ case: id, fault: "variant tokens-of-this-node-only", reason }]);
});
