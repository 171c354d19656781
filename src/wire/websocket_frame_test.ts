import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat } from "../protocol/mod.ts";
import { WireError } from "./network.ts";
import { encodeFrame, WsFrameParser } from "./websocket_frame.ts";

const RUNS = 100;
/** Around the borders of the three length forms. */
const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536];
const KEY = Uint8Array.of(1, 2, 3, 4);

const frame = fc.record({
  fin: fc.boolean(),
  opcode: fc.integer({ min: 0, max: 15 }),
  rsv: fc.integer({ min: 0, max: 7 }),
  masked: fc.boolean(),
  payload: fc.uint8Array({ maxLength: 300 }),
});

Deno.test("frames survive writing and reading, however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 6 }), (specs, places) => {
      const bytes = concat(specs.map((spec) => encodeFrame(spec, KEY)));
      const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const parser = new WsFrameParser(1_000);
      const frames = at.slice(1).flatMap((end, i) => parser.feed(bytes.subarray(at[i], end), 0));
      assertEquals(frames, specs.map((spec) => ({ ...spec, at: 0 })));
      assertEquals(parser.pending, 0);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("payloads around the borders of the length forms survive", () => {
  for (const length of LENGTHS) {
    const bytes = encodeFrame({ opcode: 2, payload: new Uint8Array(length).fill(7) }, KEY);
    assertEquals(new WsFrameParser(100_000).feed(bytes, 0)[0]?.payload.length, length);
  }
});

Deno.test("a frame that claims 2^62 bytes is refused at its head", () => {
  const bytes = encodeFrame({ opcode: 2, declaredLength: 2n ** 62n, masked: false }, KEY);
  assertThrows(() => new WsFrameParser(1_000).feed(bytes, 0), WireError, "4611686018427387904");
});
