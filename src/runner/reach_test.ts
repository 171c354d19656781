import { assertEquals } from "@std/assert";
import type { Fault, OutboundAnswer, OutboundFrame } from "../node/fault.ts";
import { behaviourOf } from "../node/with.ts";
import { ReachRecorder, touches } from "./reach.ts";
import type { ReporterBench } from "./judged_reporter.ts";

const renames: Fault = {
  breaks: ["BUS-001"],
  outbound: (answer) => answer.capability === "file.list" ? { ...answer, status: 500 } : answer,
};
const inPlace: Fault = {
  breaks: ["BUS-001"],
  document: (kind, value) => {
    if (kind === "invite") value["level"] = "root";
    return value;
  },
};
const repeats: Fault = { breaks: ["BUS-001"], frame: (frame) => frame.index === 1 ? [frame, frame] : [frame] };
const stumbles: Fault = {
  breaks: ["BUS-001"],
  log: () => {
    throw new Error("unexpected event");
  },
};

const answer = (capability: string): OutboundAnswer => ({
  route: "/bus/v1/call",
  capability,
  request: { method: "POST", headers: new Map([["a", "b"]]), url: "/bus/v1/call" },
  status: 200,
  headers: [],
  body: new Uint8Array([1, 2]),
});

Deno.test("a fault of rules touches a run that asked for one of them, and no other", () => {
  const recorder = new ReachRecorder({});
  const { rules } = recorder.watch(behaviourOf([]));
  assertEquals(touches("f", { breaks: ["IDN-016"], rules: { manifestTtlSeconds: 300 } }, recorder), false);
  assertEquals(rules.manifestTtlSeconds, 30);
  assertEquals(touches("f", { breaks: ["IDN-016"], rules: { manifestTtlSeconds: 300 } }, recorder), true);
  assertEquals(touches("g", { breaks: ["BUS-001"], rules: { levelCacheMs: 1 } }, recorder), false);
});

Deno.test("a fault of a seam touches a run in which it would have changed something", () => {
  const recorder = new ReachRecorder({ renames, inPlace, repeats });
  const passed = answer("market.list");
  assertEquals(recorder.tap.outbound?.(passed), passed);
  assertEquals(recorder.tap.document?.("event", { level: "member" }), { level: "member" });
  assertEquals([...recorder.seams], []);
  recorder.tap.outbound?.(answer("file.list"));
  assertEquals(recorder.tap.document?.("invite", { level: "member" }), { level: "member" });
  assertEquals([...recorder.seams], ["renames", "inPlace"]);
  const frame: OutboundFrame = { channel: "sse", capability: "llm.chat", index: 1, event: "token", data: {} };
  assertEquals(recorder.tap.frame?.(frame), [frame]);
  assertEquals(touches("repeats", repeats, recorder), true);
});

Deno.test("a fault that cannot be tried counts as one that makes a difference", () => {
  const recorder = new ReachRecorder({ stumbles });
  recorder.tap.log?.({ event_id: "x" } as never);
  assertEquals(touches("stumbles", stumbles, recorder), true);
});

Deno.test("the use of the reporter is written down", () => {
  const recorder = new ReachRecorder({});
  const bench: ReporterBench = { build: () => ({}), run: () => Promise.resolve({ refused: "no" }), verify: () => true };
  const watched = recorder.bench(bench);
  assertEquals(recorder.reporter, false);
  assertEquals(watched.verify({}), true);
  assertEquals(recorder.reporter, true);
});
