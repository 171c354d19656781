import { assertEquals } from "@std/assert";
import { FAULTS } from "../node/faults/mod.ts";
import { status } from "../check/mod.ts";
import { type ConformanceCase, defineCase } from "./case.ts";
import { collateral } from "./collateral.ts";
import { lifetime, SECTION, suiteOf } from "./testing.ts";

const reads: Pick<ConformanceCase, "effects" | "run"> = {
  effects: "none",
  async run({ target, must }) {
    must(status(await target.httpGet("/sync/v1/heads"), 200));
  },
};

const cases = [
  defineCase({ ...lifetime, id: `${SECTION}/own`, requirement: "IDN-001", brokenBy: ["manifest-ttl-300"] }),
  defineCase({ ...lifetime, id: `${SECTION}/unnamed`, requirement: "IDN-003", brokenBy: ["post-ttl-negative"] }),
  defineCase({ ...lifetime, id: `${SECTION}/named`, requirement: "IDN-016", brokenBy: ["post-ttl-negative"] }),
  defineCase({ ...reads, id: `${SECTION}/other`, requirement: "IDN-004", brokenBy: ["post-ttl-negative"] }),
];

Deno.test("a case that fails under a fault which does not name its requirement is collateral, others are not", async () => {
  assertEquals(FAULTS["manifest-ttl-300"]?.breaks, ["IDN-016"]);
  const seen: string[] = [];
  const result = await collateral({
    ...suiteOf(cases),
    tried: ["manifest-ttl-300"],
    nodeFaults: FAULTS,
    progress: (what) => seen.push(what),
  });
  assertEquals(result.collateral, [{
    fault: "manifest-ttl-300",
    case: `${SECTION}/unnamed`,
    requirement: "IDN-003",
    expected: "the lifetime in seconds is 30",
    observed: "300",
  }]);
  assertEquals([result.cases, result.faults, result.repeated], [4, ["manifest-ttl-300"], 0]);
  assertEquals(new Set(seen), new Set(["looking", "runs"]));
});

Deno.test("pairs that cannot meet are counted and not run", async () => {
  const result = await collateral({
    ...suiteOf(cases),
    tried: ["blob-filed-under-its-own-hash"],
    nodeFaults: FAULTS,
    progress: () => {},
  });
  assertEquals([result.runs, result.untouched, result.collateral], [0, cases.length, []]);
});
