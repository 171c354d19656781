/** The node's TLS listener and its self-signed certificate. X01 §4; wire-format.md section 15. */

import { createSecureContext, createServer, type SecureContext, type TLSSocket } from "node:tls";
import type { Identity } from "../protocol/mod.ts";
import type { NodeCore } from "./core.ts";
import type { ListenerFactory } from "./http/server.ts";
import type { CertificateRules } from "./rules/transport.ts";

/** A certificate and its key. */
export interface NodeCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const MS_PER_DAY = 86_400_000;
/** Certificates of a node whose connections get one each; they take turns. */
const ROTATING = 4;
/** Leading byte that keeps a serial number positive. */
const POSITIVE = "01";
const SERIAL_BYTES = 8;

const cache = new Map<string, Promise<readonly NodeCertificate[]>>();
/** Certificates kept; making one loads a library and takes some 100 ms the first time. */
const MAX_CACHED = 64;

/**
 * The certificates of a node, made once per process and identity. The validity starts with the year of `nowMs`, so that
 * a restarted node shows the same certificate and its fingerprint stays pinned.
 */
export function certificatesOf(
  identity: Identity,
  host: string,
  rules: CertificateRules,
  nowMs: number,
): Promise<readonly NodeCertificate[]> {
  const year = new Date(nowMs).getUTCFullYear();
  const count = rules.perConnection ? ROTATING : 1;
  const key = [identity.id, host, year, rules.commonName(identity.id), rules.lifeDays, rules.key, count].join(" ");
  let made = cache.get(key);
  if (made === undefined) {
    made = Promise.all(Array.from({ length: count }, (_, serial) => make(identity, host, rules, year, serial)));
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, made);
  }
  return made;
}

async function make(
  identity: Identity,
  host: string,
  rules: CertificateRules,
  year: number,
  serial: number,
): Promise<NodeCertificate> {
  // Loaded late: only nodes with TLS pay for it.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = rules.key === "node" ? await nodeKeys(identity) : await unrelatedKeys();
  const notBefore = new Date(Date.UTC(year, 0, 1));
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: POSITIVE + (serial === 0 ? identity.publicKey.subarray(0, SERIAL_BYTES).toHex() : `0${serial}`),
    name: [{ CN: [rules.commonName(identity.id)] }],
    notBefore,
    notAfter: new Date(notBefore.getTime() + rules.lifeDays * MS_PER_DAY),
    signingAlgorithm: keys.algorithm,
    keys: keys.pair,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: /[a-z]/i.test(host) ? "dns" : "ip", value: host }])],
  });
  return { certificatePem: certificate.toString("pem"), keyPem: keys.pem };
}

interface Keys {
  readonly pair: CryptoKeyPair;
  readonly algorithm: { readonly name: string; readonly hash?: string };
  readonly pem: string;
}

async function nodeKeys(identity: Identity): Promise<Keys> {
  const der = identity.privateKey.export({ format: "der", type: "pkcs8" });
  const raw = new Uint8Array(identity.publicKey);
  return {
    pair: {
      privateKey: await crypto.subtle.importKey("pkcs8", new Uint8Array(der), "Ed25519", true, ["sign"]),
      publicKey: await crypto.subtle.importKey("raw", raw, "Ed25519", true, ["verify"]),
    },
    algorithm: { name: "Ed25519" },
    pem: String(identity.privateKey.export({ format: "pem", type: "pkcs8" })),
  };
}

async function unrelatedKeys(): Promise<Keys> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return {
    pair,
    algorithm: { name: "ECDSA", hash: "SHA-256" },
    pem: `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`,
  };
}

/** Makes the listener of a node with TLS. */
export async function listenTls(core: NodeCore): Promise<ListenerFactory> {
  const { certificate } = core.rules;
  const { identity, host } = core.options;
  const advertised = core.rules.advertisedHost(host);
  const made = core.rules.certificateKept
    ? await certificatesOf(identity, advertised, certificate, core.clock.wall())
    : [
      await make(
        identity,
        advertised,
        { ...certificate, key: "other" },
        new Date(core.clock.wall()).getUTCFullYear(),
        0,
      ),
    ];
  const contexts = made.map(({ certificatePem, keyPem }) => createSecureContext({ cert: certificatePem, key: keyPem }));
  let turn = 0;
  return (accept) => {
    const [first] = made;
    const server = createServer({
      allowHalfOpen: true,
      cert: first?.certificatePem,
      key: first?.keyPem,
      SNICallback: (name: string, choose: (error: Error | null, context?: SecureContext) => void) => {
        if (!certificate.acceptServerName(name === "" ? undefined : name)) {
          return choose(new Error("Cannot accept the server name"));
        }
        choose(null, contexts[turn++ % contexts.length]);
      },
    }, (socket: TLSSocket) => accept(socket));
    // A failed handshake is the client's affair.
    server.on("tlsClientError", () => {});
    return server;
  };
}
