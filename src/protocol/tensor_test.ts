import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decodeContractFrame,
  decodeTensorData,
  decodeX08,
  DTYPES,
  encodeContractFrame,
  encodeTensorData,
  encodeX08,
  TENSOR_TYPES,
  tensorDialect,
} from "./tensor.ts";

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const payload = fc.uint8Array({ maxLength: 64 }).map((bytes) => new Uint8Array(bytes));
const names = <T extends object>(table: T) => fc.constantFrom(...Object.keys(table) as (keyof T)[]);

Deno.test("frames of both dialects come back", () => {
  const x08 = fc.record({ type: names(TENSOR_TYPES), seq: u32, flags: fc.nat(15), payload });
  fc.assert(fc.property(x08, (frame) => {
    const bytes = encodeX08(frame);
    assertEquals(tensorDialect(bytes), "x08");
    assertEquals(decodeX08(bytes), frame);
  }));
  const contract = fc.record({ chunkId: u32, chunkSeq: u32, total: u32, flags: fc.nat(7), payload });
  fc.assert(fc.property(contract, (frame) => assertEquals(decodeContractFrame(encodeContractFrame(frame)), frame)));
});

Deno.test("tensors come back", () => {
  const shape = fc.array(u32, { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(fc.nat(65_535), names(DTYPES), shape, payload, (tensorId, dtype, shape, data) => {
    assertEquals(decodeTensorData(encodeTensorData({ tensorId, dtype, shape, data })), {
      tensorId,
      dtype,
      shape,
      data,
    });
  }));
});

Deno.test("frames that break a rule are refused", () => {
  const good = encodeX08({ type: "PING", seq: 1, flags: 0, payload: new Uint8Array(8) });
  const changed = (at: number, value: number) => good.map((byte, i) => i === at ? value : byte);
  for (
    const bytes of [good.subarray(0, 15), changed(0, 2), changed(1, 0), changed(1, 10), changed(2, 1), changed(11, 9)]
  ) {
    assertThrows(() => decodeX08(bytes), SyntaxError);
  }
  assertEquals(tensorDialect(good.subarray(0, 15)), undefined);
  assertEquals(tensorDialect(changed(0, 2)), "contract");
});

Deno.test("tensors with unknown element type or impossible rank are refused", () => {
  for (const body of [[0, 1], [0, 1, 9, 1, 0, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1, 9], [0, 1, 1, 2, 0, 0, 0, 1]]) {
    assertThrows(() => decodeTensorData(Uint8Array.from(body)), SyntaxError);
  }
});
