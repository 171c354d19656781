/** Certificates for the tests of TLS. */

import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";

/** A self-signed certificate, new each time. */
export async function testCertificate(): Promise<{ readonly certificatePem: string; readonly keyPem: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=test.hearthnet.local",
    keys,
    notBefore: new Date("2020-01-01T00:00:00Z"),
    notAfter: new Date("2050-01-01T00:00:00Z"),
    signingAlgorithm: algorithm,
  });
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toBase64();
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, "$&\n").trimEnd()}\n-----END PRIVATE KEY-----\n`;
  return { certificatePem: certificate.toString("pem"), keyPem };
}
