import { assertEquals, assertNotEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { deriveBytes, identityFromSeed, shortId } from "../protocol/mod.ts";
import { peerCertificate } from "./peer_certificate.ts";

const identity = identityFromSeed(deriveBytes(1, "peer"));
const validFrom = Date.UTC(2027, 5, 1);

Deno.test("a peer certificate is a function of identity, serial number and year", async () => {
  const one = await peerCertificate(identity, { serial: 1, validFrom });
  assertEquals(await peerCertificate(identity, { serial: 1, validFrom }), one);
  assertNotEquals((await peerCertificate(identity, { serial: 2, validFrom })).certificatePem, one.certificatePem);
});

Deno.test("a peer certificate names its node and carries its device key", async () => {
  const { certificatePem } = await peerCertificate(identity, { serial: 1, validFrom });
  const certificate = new X509Certificate(certificatePem);
  assertEquals(certificate.subject, `CN=${shortId(identity.id)}.hearthnet.local`);
  const key = new Uint8Array(certificate.publicKey.export({ format: "der", type: "spki" })).subarray(-32);
  assertEquals(key, new Uint8Array(identity.publicKey));
});
