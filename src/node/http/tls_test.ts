import { assertEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";
import { shortId } from "../../protocol/mod.ts";
import { systemClock } from "../../wire/clock.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { soundRules } from "../rules.ts";
import type { CertificateRules } from "../rules/transport.ts";
import { fakeNode } from "./fake_parts.ts";

async function withTlsNode(
  certificate: Partial<CertificateRules>,
  use: (node: ReferenceNode) => Promise<void>,
): Promise<void> {
  const rules = { ...soundRules, certificate: { ...soundRules.certificate, ...certificate } };
  const options = { ...defaultNodeOptions({ clock: systemClock() }), tls: true, rules };
  const node = await ReferenceNode.start(options, fakeNode().parts);
  try {
    await use(node);
  } finally {
    await node.stop();
  }
}

/** Handshake, one request, and what was shown; undefined if the handshake failed. */
async function ask(
  node: ReferenceNode,
  servername?: string,
): Promise<{ certificate: X509Certificate; status: string } | undefined> {
  const port = Number(new URL(node.url).port);
  const socket: TLSSocket = connect({
    host: "127.0.0.1",
    port,
    rejectUnauthorized: false,
    // With a list of authorities of its own a connection resumes no session, and so shows the certificate of now.
    ca: [],
    ...(servername === undefined ? {} : { servername }),
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  try {
    const ok = await new Promise<boolean>((resolve) => {
      socket.once("secureConnect", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("end", () => resolve(false));
    });
    if (!ok) return undefined;
    const certificate = new X509Certificate(socket.getPeerCertificate().raw);
    socket.write("GET /manifest HTTP/1.1\r\nHost: node\r\n\r\n");
    const bytes = await new Promise<string>((resolve) => {
      socket.once("data", (chunk) => resolve(String(chunk)));
      socket.once("close", () => resolve(""));
    });
    return { certificate, status: bytes.split("\r\n")[0] ?? "" };
  } finally {
    socket.destroy();
    await closed;
  }
}

Deno.test("the certificate is the node's own, for ten years, whatever name the client asks for", () =>
  withTlsNode({}, async (node) => {
    const fingerprints = new Set<string>();
    for (const name of [undefined, "unrelated.example", undefined]) {
      const seen = await ask(node, name);
      if (seen === undefined) throw new Error("Cannot go on: the handshake failed");
      const { certificate, status } = seen;
      assertEquals(status, "HTTP/1.1 200 OK");
      assertEquals(certificate.subject, `CN=${shortId(node.nodeId)}.hearthnet.local`);
      assertEquals(certificate.issuer, certificate.subject);
      assertEquals(certificate.publicKey.asymmetricKeyType, "ed25519");
      const spki = certificate.publicKey.export({ format: "der", type: "spki" });
      assertEquals(new Uint8Array(spki.subarray(-32)), node.core.identity.publicKey);
      const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
      assertEquals(Math.round(days), 3650);
      fingerprints.add(certificate.fingerprint256);
    }
    assertEquals(fingerprints.size, 1);
  }));

Deno.test("certificate rules reach the wire", async () => {
  await withTlsNode({ perConnection: true, key: "other", commonName: () => "localhost" }, async (node) => {
    const first = await ask(node);
    const second = await ask(node);
    assertEquals(first?.certificate.subject, "CN=localhost");
    assertEquals(first?.certificate.publicKey.asymmetricKeyType, "ec");
    assertEquals(first?.certificate.fingerprint256 === second?.certificate.fingerprint256, false);
  });
  await withTlsNode({ acceptServerName: (name) => name === undefined }, async (node) => {
    assertEquals((await ask(node))?.status, "HTTP/1.1 200 OK");
    assertEquals(await ask(node, "unrelated.example"), undefined);
  });
});
