import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, fromUtf8, utf8 } from "../protocol/mod.ts";
import { type SseFrame, SseParser } from "./sse_parser.ts";

const LIMITS = { maxFrameBytes: 1_000, maxFrames: 50 };
const RUNS = 200;

function parse(...pieces: readonly (string | Uint8Array)[]) {
  const parser = new SseParser(LIMITS);
  const frames: SseFrame[] = [];
  for (const piece of pieces) {
    frames.push(...parser.feed({ bytes: typeof piece === "string" ? utf8(piece) : piece, at: 1 }));
  }
  return { frames, comments: parser.comments, trailing: fromUtf8(parser.trailing), failure: parser.failure?.message };
}

Deno.test("a frame of the documented form has no problems", () => {
  const { frames, trailing } = parse('event: token\ndata: {"text":"a"}\n\n');
  assertEquals(frames.length, 1);
  const [frame] = frames;
  assertEquals([frame?.event, frame?.json, frame?.problems, trailing], ["token", { text: "a" }, [], ""]);
  assertEquals(frame?.raw, utf8('event: token\ndata: {"text":"a"}\n\n'));
});

Deno.test("comments are kept apart and make no frame", () => {
  const { frames, comments } = parse(": ping\n\nevent: a\n:inside\ndata: 1\n\n");
  assertEquals(frames.map(({ event }) => event), ["a"]);
  assertEquals(comments.map(({ text }) => text), ["ping", "inside"]);
});

const ODD: Readonly<Record<string, readonly [string | Uint8Array, string]>> = {
  "CR LF": ["event: a\r\ndata: 1\r\n\r\n", "lines end with CR LF instead of LF"],
  "two data lines": ["event: a\ndata: [1,\ndata: 2]\n\n", "2 data lines instead of one"],
  "no event": ["data: 1\n\n", "no event line"],
  "no data": ["event: a\n\n", "no data line"],
  "unknown fields": ["event: a\ndata: 1\nfoo: b\n\n", 'unknown field "foo"'],
  "text that is not JSON": ["event: a\ndata: {\n\n", "data is not JSON"],
  "invalid UTF-8": [concat([utf8('event: a\ndata: "'), Uint8Array.of(0xff), utf8('"\n\n')]), "invalid UTF-8"],
  "a field without a colon": ["event: a\ndata\n\n", 'field "data" has no colon'],
};

for (const [name, [bytes, problem]] of Object.entries(ODD)) {
  Deno.test(`${name} becomes a problem of the frame`, () => {
    const { frames } = parse(bytes);
    assertEquals(frames.length, 1);
    assertEquals(frames[0]?.problems.includes(problem), true);
  });
}

Deno.test("bytes without an end are trailing, not a frame", () => {
  const { frames, trailing } = parse("event: a\ndata: 1\n\nevent: done\ndata: {}\n");
  assertEquals([frames.length, trailing], [1, "event: done\ndata: {}\n"]);
});

Deno.test("frames are limited in size and number", () => {
  assertEquals(
    parse(`data: ${"x".repeat(1_000)}`).failure,
    "Cannot read the stream: a frame is longer than 1000 bytes",
  );
  assertEquals(parse("data: x\n".repeat(200)).failure, "Cannot read the stream: a frame is longer than 1000 bytes");
  const many = parse("data: 1\n\n".repeat(60));
  assertEquals([many.frames.length, many.failure], [50, "Cannot read the stream: it has more than 50 frames"]);
});

Deno.test("a stream gives the same frames however its bytes are cut", () => {
  const line = fc.oneof(
    fc.constantFrom("event: a", "data: 1", 'data: {"ä":"€"}', ": c", "", "", "x", "id: 4", "event: b\r", "\r"),
    fc.string({ maxLength: 10 }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 6 }), (lines, places) => {
      const bytes = utf8(lines.join("\n"));
      const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      assertEquals(parse(...at.slice(1).map((end, i) => bytes.subarray(at[i], end))), parse(bytes));
    }),
    { numRuns: RUNS },
  );
});
