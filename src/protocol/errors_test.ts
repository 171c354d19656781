import { assert, assertEquals } from "@std/assert";
import { ADDITIVE_STATUS, BASE_STATUS, statusOf } from "./errors.ts";

Deno.test("base codes have the statuses of the contract", () => {
  const byStatus: Record<number, string[]> = {};
  for (const [code, status] of Object.entries(BASE_STATUS)) (byStatus[status] ??= []).push(code);
  assertEquals(byStatus, {
    400: ["bad_request", "schema_mismatch"],
    401: ["invalid_signature", "unauthorized"],
    403: ["revoked"],
    404: ["not_found"],
    408: ["timeout"],
    410: ["expired"],
    429: ["rate_limited", "capacity_exceeded"],
    500: ["internal_error"],
    501: ["not_implemented"],
    503: ["partition"],
  });
});

Deno.test("additive codes use no status the base table lacks, and repeat no base code", () => {
  const known = new Set(Object.values(BASE_STATUS));
  for (const [code, status] of Object.entries(ADDITIVE_STATUS)) {
    assert(known.has(status), code);
    assert(!(code in BASE_STATUS), code);
    assertEquals(statusOf(code), status);
  }
});

Deno.test("other codes of civil defence are 403, anything unknown is 500", () => {
  assertEquals(statusOf("civdef_region_mismatch"), 403);
  assertEquals(statusOf("civdef_alert_not_found"), 404);
  assertEquals(statusOf("no_such_code"), 500);
});
