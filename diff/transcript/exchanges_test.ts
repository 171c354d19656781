import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/protocol/mod.ts";
import { systemClock, type TranscriptRecord } from "../../src/wire/mod.ts";
import { recordedAnswer } from "./canned.ts";
import { scopeOf } from "./exchanges.ts";

type Part = Partial<TranscriptRecord> & Pick<TranscriptRecord, "direction">;

function records(...parts: Part[]): TranscriptRecord[] {
  return parts.map((part, index) => ({ scope: "a/case", connection: 1, at: index, ...part }));
}

const ASK = utf8("GET /manifest HTTP/1.1\r\nHost: x\r\n\r\n");
const ANSWER = utf8("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
const exchange = (connection: number, number: number): Part[] => [
  { direction: "dial", connection },
  { direction: "exchange", connection, exchange: number },
  { direction: "out", connection, bytes: ASK },
  { direction: "in", connection, bytes: ANSWER },
  { direction: "close", connection },
];

Deno.test("bytes of a connection become exchanges in the order they began", async () => {
  const scope = scopeOf(
    "a/case",
    records({ direction: "begin", connection: 0, ms: 5 }, ...exchange(1, 1), ...exchange(2, 2)),
  );
  assertEquals(scope.exchanges.map((one) => [one.exchange, one.together, one.obstacle]), [
    [1, false, undefined],
    [2, false, undefined],
  ]);
  const [first] = scope.exchanges;
  if (first === undefined) throw new Error("no exchange");
  const answer = await recordedAnswer(first, systemClock());
  assertEquals([answer.status, answer.body], [200, utf8("{}")]);
});

Deno.test("exchanges that were open together are known, and those after a wait", () => {
  const [a, b] = [exchange(1, 1), exchange(2, 2)];
  const together = scopeOf("a/case", records(...a.slice(0, 3), ...b, ...a.slice(3)));
  assertEquals(together.exchanges.map((one) => one.together), [false, true]);
  const waited = scopeOf("a/case", records(...a, { direction: "sleep", connection: 0, ms: 100 }, ...b));
  assertEquals(waited.exchanges.map((one) => one.waited), [false, true]);
});

Deno.test("what cannot be made again is named", () => {
  const upgrade = utf8("GET /bus/v1/call HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  const [dial, mark, out, answer] = exchange(1, 1) as [Part, Part, Part, Part];
  const obstacle = (...parts: Part[]) => scopeOf("a/case", records(...parts)).exchanges.map((one) => one.obstacle);
  assertEquals(obstacle(dial, mark, { ...out, bytes: upgrade }), [undefined]);
  const frame = { direction: "out", bytes: Uint8Array.of(0x82, 0x81, 0, 0, 0, 0, 1) } as const;
  assertEquals(obstacle(dial, mark, { ...out, bytes: upgrade }, frame), ["it speaks a WebSocket in frames of its own"]);
  assertEquals(obstacle(dial, mark, answer), ["its bytes left with an earlier request"]);
  assertEquals(obstacle(dial, mark, out, { direction: "reset" }), ["the tester broke the connection on purpose"]);
  const acts =
    scopeOf("a/case", records({ direction: "fact", connection: 0, name: "introduce peer", value: true })).acts;
  assertEquals(acts.map(({ what }) => what), ["the tester did what bytes cannot repeat: introduce peer"]);
});
