import { assertEquals, assertMatch } from "@std/assert";
import { responseSignatureCovers, verifyDocument } from "../../protocol/mod.ts";
import { systemClock } from "../../wire/clock.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { type FakeNode, fakeNode, MEMBER, OTHER_MEMBER, REVOKED, STRANGER } from "./fake_parts.ts";
import { post, rawExchange, rawRequest, signedCall } from "./fake_client.ts";

async function withNode(use: (node: ReferenceNode, fake: FakeNode) => Promise<void>): Promise<void> {
  const fake = fakeNode();
  const node = await ReferenceNode.start(defaultNodeOptions({ clock: systemClock() }), fake.parts);
  try {
    await use(node, fake);
  } finally {
    await node.stop();
  }
}

Deno.test("a node serves its signed manifest", () =>
  withNode(async (node) => {
    const response = await fetch(`${node.url}/manifest`);
    const manifest = await response.json();
    assertEquals(response.status, 200);
    assertEquals(manifest.node_id, node.nodeId);
    assertEquals(manifest.endpoints[0].port, Number(new URL(node.url).port));
    assertEquals(verifyDocument(node.nodeId, manifest), true);
    assertEquals(Date.parse(manifest.expires_at) - Date.parse(manifest.issued_at), 30_000);
  }));

Deno.test("a signed call is answered, echoed and signed", () =>
  withNode(async (node) => {
    const call = signedCall(node, { body: { params: {}, input: { a: 1 } } }, MEMBER);
    const { status, headers, body } = await post(node, call);
    assertEquals(status, 200);
    assertEquals(body.output, { a: 1 });
    assertEquals(headers.get("content-type"), "application/json");
    assertEquals(headers.get("x-hearthnet-request-id"), call.requestId);
    assertEquals(headers.get("x-hearthnet-from"), node.nodeId);
    const envelope = {
      request_id: call.requestId,
      from: node.nodeId,
      timestamp: headers.get("x-hearthnet-timestamp") ?? "",
      body,
    };
    assertEquals(responseSignatureCovers(envelope, headers.get("x-hearthnet-signature")), "envelope");
  }));

Deno.test("checks come in the documented order", () =>
  withNode(async (node, fake) => {
    const absent = { capability: "test.absent" };
    const cases = [
      ["bad signature before routing", { ...absent, from: OTHER_MEMBER }, MEMBER, 401, "invalid_signature"],
      ["foreign community", { community: STRANGER.id }, MEMBER, 404, "not_federated"],
      ["revoked before member", absent, REVOKED, 403, "revoked"],
      ["member before routing", absent, STRANGER, 401, "unauthorized"],
      ["routing", absent, MEMBER, 404, "not_found"],
    ] as const;
    for (const [name, call, signer, status, code] of cases) {
      const signed = signedCall(node, call, signer);
      const answer = await post(node, signed);
      assertEquals([name, answer.status, answer.body.error], [name, status, code]);
      assertEquals(answer.headers.get("x-hearthnet-request-id"), signed.requestId);
    }
    assertEquals(fake.calls.map(({ capability }) => capability), ["test.absent"]);
  }));

Deno.test("a capability open to unknown callers skips the member check", () =>
  withNode(async (node) => {
    assertEquals((await post(node, signedCall(node, { capability: "test.open" }, STRANGER))).status, 200);
  }));

Deno.test("malformed calls are refused as client errors", () =>
  withNode(async (node) => {
    const sound = () => signedCall(node, {}, MEMBER);
    const headerCases: [string, string | undefined, number, string][] = [
      ["X-HearthNet-Signature", undefined, 401, "invalid_signature"],
      ["X-HearthNet-Signature", "ed25519:AAAA", 401, "invalid_signature"],
      ["X-HearthNet-From", undefined, 400, "bad_request"],
      ["X-HearthNet-From", "ed25519:PG2V-MLUP-4ZKP-SQDY", 400, "bad_request"],
      ["X-HearthNet-Capability", undefined, 400, "bad_request"],
      ["X-HearthNet-Capability-Version", "1", 400, "bad_request"],
      ["X-HearthNet-Request-Id", "abc", 400, "bad_request"],
      ["X-HearthNet-Community", undefined, 400, "bad_request"],
      ["X-HearthNet-Timestamp", "yesterday", 400, "bad_request"],
    ];
    for (const [name, value, status, code] of headerCases) {
      const call = sound();
      if (value === undefined) delete call.headers[name];
      else call.headers[name] = value;
      const answer = await post(node, call);
      assertEquals([name, value, answer.status, answer.body.error], [name, value, status, code]);
    }
    const bodies: (string | Uint8Array<ArrayBuffer>)[] = [
      "",
      '{"params":',
      "[1]",
      '{"a":NaN}',
      '{"a":1e400}',
      '{"a":1,"a":2}',
      `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      new Uint8Array([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc3, 0x28, 0x22, 0x7d]),
    ];
    for (const body of bodies) {
      const answer = await post(node, { ...sound(), body });
      assertEquals([String(body).slice(0, 20), answer.status, answer.body.error], [
        String(body).slice(0, 20),
        400,
        "bad_request",
      ]);
    }
  }));

Deno.test("header names match without regard to case and connections are kept", () =>
  withNode(async (node) => {
    const call = signedCall(node, {}, MEMBER);
    const lower = Object.fromEntries(Object.entries(call.headers).map(([n, v]) => [n.toLowerCase(), v]));
    const bytes = rawRequest("POST", "/bus/v1/call", lower, call.body);
    const last = rawRequest("GET", "/health", { Connection: "close" });
    const text = await rawExchange(node, new Uint8Array([...bytes, ...last]));
    assertMatch(text, /^HTTP\/1\.1 200 OK\r\n[^]*HTTP\/1\.1 200 OK\r\n[^]*"status":"ok"/);
  }));

Deno.test("an unknown route is a plain 404", () =>
  withNode(async (node) => {
    const text = await rawExchange(node, rawRequest("GET", "/nothing", { Connection: "close" }));
    assertMatch(text, /^HTTP\/1\.1 404 Not Found\r\nContent-Type: text\/plain/);
  }));
