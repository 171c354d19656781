import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  CALL_HEADERS,
  type CallEnvelope,
  canonicalBytes,
  concat,
  identityFromSeed,
  signCall,
  signEvent,
  utf8,
} from "../protocol/mod.ts";
import type { TranscriptRecord } from "../wire/mod.ts";
import { capture, captureJson, emptyCapture } from "./wire_capture.ts";

const NODE = identityFromSeed(new Uint8Array(32).fill(3));
const EVENT = signEvent(NODE, {
  event_id: "01K40C3M7T9V5X1Z8B6D4F2H0J",
  lamport: 57,
  wall_clock: "2027-03-14T10:02:11Z",
  community_id: NODE.id,
  event_type: "file.cid.advertised",
  data: { cid: `blake3:${"0".repeat(64)}`, sizes_bytes: 1 },
});

function records(request: Uint8Array): TranscriptRecord[] {
  const base = { scope: "case", connection: 4, at: 0 };
  return [
    { ...base, direction: "accept" },
    { ...base, direction: "in", bytes: request.subarray(0, 20) },
    { ...base, direction: "in", bytes: request.subarray(20) },
  ];
}

function post(path: string, body: Uint8Array, headers = ""): Uint8Array {
  return concat([
    utf8(`POST ${path} HTTP/1.1\r\nHost: peer\r\n${headers}Content-Length: ${body.length}\r\n\r\n`),
    body,
  ]);
}

function captured(request: Uint8Array) {
  const summary = emptyCapture();
  capture(summary, "case", records(request));
  return captureJson(summary);
}

Deno.test("events pushed to a peer are counted and verified", () => {
  const push = (event: object) =>
    post("/sync/v1/events", utf8(JSON.stringify({ community_id: NODE.id, events: [event] })));
  assertEquals(captured(push(EVENT)), { requests: 1, calls: 0, events: 1, manifests: 0, problems: [] });
  const bad = captured(push({ ...EVENT, lamport: 58 }));
  assertStringIncludes(JSON.stringify(bad.problems), "does not verify: 01K40C3M7T9V5X1Z8B6D4F2H0J");
});

Deno.test("calls to a peer carry all headers and a right signature", () => {
  const envelope: CallEnvelope = {
    capability: "experimental.echo",
    version: "1.0",
    request_id: "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
    from: NODE.id,
    community: NODE.id,
    timestamp: "2027-03-14T09:26:53Z",
    body: { params: {}, input: {} },
  };
  const body = canonicalBytes(envelope.body);
  const headers = (signature: string) =>
    `${CALL_HEADERS.capability}: ${envelope.capability}\r\n${CALL_HEADERS.version}: 1.0\r\n` +
    `${CALL_HEADERS.request_id}: ${envelope.request_id}\r\n${CALL_HEADERS.from}: ${NODE.id}\r\n` +
    `${CALL_HEADERS.community}: ${NODE.id}\r\n${CALL_HEADERS.timestamp}: ${envelope.timestamp}\r\n${signature}`;
  const signature = `${CALL_HEADERS.signature}: ${signCall(NODE, envelope)}\r\n`;
  assertEquals(captured(post("/bus/v1/call", body, headers(signature))).problems, []);
  assertStringIncludes(JSON.stringify(captured(post("/bus/v1/call", body, headers(""))).problems), "Signature");
  const other = post("/bus/v1/call", utf8('{"input":{},"params":{"x":1}}'), headers(signature));
  assertStringIncludes(JSON.stringify(captured(other).problems), "does not verify");
});

Deno.test("bytes that are no HTTP are a problem, a request cut off is none", () => {
  assertEquals((captured(utf8("HELLO THERE PEER\r\n\r\n")).problems as unknown[]).length, 1);
  assertEquals(captured(post("/sync/v1/events", utf8("{}")).subarray(0, 40)).problems, []);
});
