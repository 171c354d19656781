/** TLS certificates of peers the tester hosts: self-signed with the peer's device key, as nodes make theirs (X01 §4.1). */

import { type Identity, shortId } from "../protocol/mod.ts";

/** What a server needs for TLS. */
export interface PeerTls {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** What tells certificates of one identity apart. */
export interface CertificateOptions {
  /** Positive, below 128: another number gives another certificate and so another fingerprint. */
  readonly serial: number;
  /** Milliseconds since the epoch; the validity starts with the beginning of that year. */
  readonly validFrom: number;
}

const LIFE_MS = 3650 * 86_400_000;

/** A certificate that is a function of identity and options: Ed25519 signatures are deterministic. */
export async function peerCertificate(identity: Identity, { serial, validFrom }: CertificateOptions): Promise<PeerTls> {
  // Loaded late: only peers with TLS pay for it.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const der = identity.privateKey.export({ format: "der", type: "pkcs8" });
  const keys: CryptoKeyPair = {
    privateKey: await crypto.subtle.importKey("pkcs8", new Uint8Array(der), "Ed25519", true, ["sign"]),
    publicKey: await crypto.subtle.importKey("raw", new Uint8Array(identity.publicKey), "Ed25519", true, ["verify"]),
  };
  const notBefore = new Date(Date.UTC(new Date(validFrom).getUTCFullYear(), 0, 1));
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toString(16).padStart(2, "0"),
    name: [{ CN: [`${shortId(identity.id)}.hearthnet.local`] }],
    notBefore,
    notAfter: new Date(notBefore.getTime() + LIFE_MS),
    signingAlgorithm: { name: "Ed25519" },
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
  });
  return {
    certificatePem: certificate.toString("pem"),
    keyPem: String(identity.privateKey.export({ format: "pem", type: "pkcs8" })),
  };
}
