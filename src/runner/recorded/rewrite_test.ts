import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  canonicalBytes,
  canonicalize,
  type Identity,
  identityFromSeed,
  isObject,
  parseJson,
  signCall,
  signEvent,
  utf8,
  verifyCall,
  verifyEvent,
} from "../../protocol/mod.ts";
import { brokenSignature } from "../../target/call.ts";
import { Names } from "./names.ts";
import { headerIn, partsOf, rewrite, signersIn } from "./rewrite.ts";

const identity = (byte: number): Identity => identityFromSeed(new Uint8Array(32).fill(byte));
const [ALICE, ROOT, OTHER_ROOT] = [identity(1), identity(2), identity(3)];
const THEN = Date.UTC(2026, 10, 21, 3);
const LATER_MS = 3_600_000;

function names(): Names {
  return new Names({
    seed: 1,
    scope: "a/case",
    recordedAt: THEN,
    replayedAt: THEN + LATER_MS,
    known: new Map([[ROOT.id, OTHER_ROOT.id]]),
    identities: new Map([[ROOT.id, OTHER_ROOT]]),
  });
}

function call(change: (signature: string) => string = (one) => one): Uint8Array {
  const body = { input: { note: "x" }, params: {} };
  const envelope = {
    capability: "market.list",
    version: "1.0",
    request_id: "01M7Y3RGJH97HE9BC7WCDDE6XN",
    from: ALICE.id,
    community: ROOT.id,
    timestamp: "2026-11-21T03:00:00Z",
    body,
  };
  const text = canonicalize(body);
  return utf8(
    "POST /bus/v1/call HTTP/1.1\r\nHost: 127.0.0.1:1\r\nX-HearthNet-Capability: market.list\r\n" +
      `X-HearthNet-Capability-Version: 1.0\r\nX-HearthNet-Request-Id: ${envelope.request_id}\r\n` +
      `X-HearthNet-From: ${ALICE.id}\r\nX-HearthNet-Community: ${ROOT.id}\r\n` +
      `X-HearthNet-Timestamp: ${envelope.timestamp}\r\n` +
      `X-HearthNet-Signature: ${change(signCall(ALICE, envelope))}\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
}

function held(sent: Uint8Array): boolean {
  const parts = partsOf(sent);
  assert(parts !== undefined);
  const of = (name: string) => headerIn(parts, `x-hearthnet-${name}`) ?? "";
  const envelope = {
    capability: of("capability"),
    version: of("capability-version"),
    request_id: of("request-id"),
    from: of("from"),
    community: of("community"),
    timestamp: of("timestamp"),
    body: parseJson(parts.body),
  };
  return verifyCall(envelope, of("signature"));
}

Deno.test("a signed call is signed again by another key, for the other community, at the later time", () => {
  const map = names();
  for (const id of signersIn(call())) map.signer(id);
  const sent = rewrite(call(), map, "127.0.0.1:2");
  const parts = partsOf(sent);
  assert(parts !== undefined);
  assertEquals(headerIn(parts, "host"), "127.0.0.1:2");
  assertEquals(headerIn(parts, "x-hearthnet-community"), OTHER_ROOT.id);
  assertEquals(headerIn(parts, "x-hearthnet-timestamp"), "2026-11-21T04:00:00Z");
  assertNotEquals(headerIn(parts, "x-hearthnet-from"), ALICE.id);
  assertEquals(held(sent), true);
});

Deno.test("a signature that did not hold still does not", () => {
  const map = names();
  map.signer(ALICE.id);
  assertEquals(held(rewrite(call(brokenSignature), map, "127.0.0.1:2")), false);
  const parts = partsOf(rewrite(call(() => "ed25519:AAAA"), map, "127.0.0.1:2"));
  assertEquals(parts === undefined ? "" : headerIn(parts, "x-hearthnet-signature"), "ed25519:AAAA");
});

Deno.test("pushed events are signed again, in whatever spelling they were sent", () => {
  const event = signEvent(ALICE, {
    event_id: "01M7Y3RGJH97HE9BC7WCDDE6XN",
    lamport: 5,
    wall_clock: "2026-11-21T03:00:00Z",
    community_id: ROOT.id,
    event_type: "market.post.created",
    data: { title: "Brücke" },
  });
  const push = { community_id: ROOT.id, events: [event] };
  const escaped = JSON.stringify(push, null, 1).replaceAll("Brücke", "Br\\u00fcck\\u0065");
  for (const text of [JSON.stringify(push), new TextDecoder().decode(canonicalBytes(push as never)), escaped]) {
    const sent = utf8(`POST /sync/v1/events HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n${text}`);
    const map = names();
    assertEquals(signersIn(sent), [ALICE.id]);
    map.signer(ALICE.id);
    const parts = partsOf(rewrite(sent, map, "127.0.0.1:2"));
    const value = parts === undefined ? undefined : parseJson(parts.body);
    assert(isObject(value) && Array.isArray(value.events) && isObject(value.events[0]));
    const [again] = value.events;
    assertEquals([again.community_id, again.wall_clock], [OTHER_ROOT.id, "2026-11-21T04:00:00Z"]);
    assertEquals(verifyEvent(again), true);
  }
});

Deno.test("what the recorded node named is replaced by what the other one named at the same place", () => {
  const map = names();
  map.learn(
    { status: 200, value: parseJson('{"output":{"upload_id":"up-0001-aaaa","n":1}}') },
    { status: 200, value: parseJson('{"output":{"upload_id":"up-9999-bbbb","n":1}}') },
  );
  assertEquals(map.text("up-0001-aaaa"), "up-9999-bbbb");
  assertEquals(map.text("up-0001-cccc"), "up-0001-cccc");
});

Deno.test("dates far from the recording stay", () => {
  assertEquals(names().text("2020-01-01T00:00:00Z"), "2020-01-01T00:00:00Z");
  assertEquals(names().number("exp", THEN / 1000), (THEN + LATER_MS) / 1000);
  assertEquals(names().number("amount", THEN / 1000), THEN / 1000);
});
