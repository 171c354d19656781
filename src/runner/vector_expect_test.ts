import { assertEquals, assertNotEquals } from "@std/assert";
import { utf8 } from "../protocol/mod.ts";
import type { HttpAnswer } from "../wire/mod.ts";
import { expectationMistake, judgeExpectation, type VectorExpectation } from "./vector_expect.ts";

function answer(body: string, headers: readonly (readonly [string, string])[] = []): HttpAnswer {
  return {
    exchange: 1,
    request: { method: "GET", path: "/", headers: [] },
    sent: utf8("GET / HTTP/1.1\r\nX-HearthNet-Request-Id: R1\r\n\r\n"),
    received: utf8(body),
    status: 200,
    head: {
      version: "HTTP/1.1",
      status: 200,
      reason: "OK",
      headers: [["Content-Type", "application/json"], ...headers],
    },
    body: utf8(body),
    startedAt: 0,
    firstByteAt: 0,
    endedAt: 0,
    end: "kept",
  };
}

function keeps(expected: Omit<VectorExpectation, "step">, body: string, headers?: [string, string][]): boolean {
  return judgeExpectation(answer(body, headers), { step: 0, ...expected }) === undefined;
}

Deno.test("a span between two times is judged in seconds", () => {
  const body = (end: string) => `{"a":{"from":"2026-11-21T03:00:00Z","to":"2026-11-21T03:00:${end}Z"}}`;
  const expected = { path: "a.to", minus: "a.from", equals: 30, within: 1 };
  assertEquals([keeps(expected, body("30")), keeps(expected, body("31")), keeps(expected, body("33"))], [
    true,
    true,
    false,
  ]);
  assertEquals(keeps(expected, '{"a":{"from":"2026-11-21T03:00:00Z"}}'), false);
  assertEquals(keeps({ path: "b", minus: "a", equals: 5 }, '{"a":1,"b":6}'), true);
});

Deno.test("presence, type and length are judged without a value", () => {
  assertEquals(keeps({ path: "a", present: true }, '{"a":null}'), true);
  assertEquals(keeps({ path: "a", present: false }, '{"a":null}'), false);
  assertEquals(keeps({ path: "a", type: "number" }, '{"a":"1"}'), false);
  assertEquals(keeps({ path: "a", length: 2 }, '{"a":[1,2]}'), true);
  assertEquals(keeps({ path: "a", length: 2 }, '{"a":[1]}'), false);
});

Deno.test("a header is judged by value, by presence and against the request", () => {
  const given: [string, string][] = [["X-HearthNet-Request-Id", "R1"]];
  const echo = { header: "x-hearthnet-request-id", echoes: "x-hearthnet-request-id" };
  assertEquals(keeps(echo, "{}", given), true);
  assertEquals(keeps(echo, "{}", [["X-HearthNet-Request-Id", "R2"]]), false);
  assertEquals(keeps({ header: "x-b", present: false }, "{}"), true);
  assertEquals(keeps({ header: "x-b", equals: "1" }, "{}"), false);
});

Deno.test("events of a stream are judged by name, in order, and by what a frame holds", () => {
  const body = 'event: token\ndata: {"t":"a"}\n\nevent: done\ndata: {}\n\n';
  assertEquals(keeps({ frames: ["token", "done"] }, body), true);
  assertEquals(keeps({ frames: ["done", "token"] }, body), false);
  assertEquals(keeps({ frame: 0, path: "t", equals: "a" }, body), true);
  assertEquals(keeps({ frame: 0, path: "t", equals: "b" }, body), false);
});

Deno.test("an answer without a signature does not hold as signed", () => {
  assertEquals(keeps({ signed: "answer" }, "{}"), false);
  assertEquals(keeps({ signed: "" }, '{"signature":"ed25519:AAAA"}'), false);
});

Deno.test("mistakes of an expectation are named", () => {
  assertEquals(expectationMistake({ step: 0, path: "a", equals: 1 }, 1), undefined);
  for (
    const wrong of [{ step: 1 }, { step: 0, path: 1 }, { step: 0, matches: "(" }, { step: 0, type: "king" }, {
      step: 0,
      status: 200,
    }, { step: 0, within: "1" }]
  ) assertNotEquals(expectationMistake(wrong, 1), undefined, JSON.stringify(wrong));
});
