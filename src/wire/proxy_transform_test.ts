import { assertEquals } from "@std/assert";
import { fromUtf8, utf8 } from "../protocol/mod.ts";
import { shiftTimestamps } from "./proxy_transform.ts";

const REQUEST = { method: "POST", path: "/x", raw: new Uint8Array(0), at: 0, connectionId: 1 };

Deno.test("timestamps in headers and body move, everything else stays", () => {
  const changed = shiftTimestamps(-61_000)({
    ...REQUEST,
    headers: [["X-Time", "2026-07-02T10:00:00Z"], ["X-Other", "2026"]],
    body: utf8('{"a":"2026-01-01T00:00:30Z","b":"2026-13-01T00:00:00Z"}'),
  });
  assertEquals(changed.headers, [["X-Time", "2026-07-02T09:58:59Z"], ["X-Other", "2026"]]);
  assertEquals(fromUtf8(changed.body), '{"a":"2025-12-31T23:59:29Z","b":"2026-13-01T00:00:00Z"}');
});

Deno.test("a body that is no text stays as it is", () => {
  const body = Uint8Array.of(0xff, 0x32);
  assertEquals(shiftTimestamps(1_000)({ ...REQUEST, headers: [], body }).body, body);
});
