/** The node's own TLS certificate. X01 §4; wire-format.md section 15. Chains are never validated. */

import { X509Certificate } from "node:crypto";
import { describe, holds, of, shown, status, type Verdict } from "../../../src/check/mod.ts";
import { base64url, fromBase64url, shortId } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { type HttpAnswer, request } from "../../../src/wire/mod.ts";

const DAY_MS = 86_400_000;
const LIFE_DAYS = [3640, 3660] as const;
/** Characters of the short id that are compared: both readings of it agree on these. */
const COMPARED = 12;
const CONNECTIONS = 3;
const DOMAIN = ".hearthnet.local";
const KEY_BYTES = 32;

/** The certificate shown, with the exchange that showed it. */
interface Shown {
  readonly answer: HttpAnswer;
  readonly certificate: X509Certificate;
}

async function look(context: CaseContext): Promise<Shown> {
  const answer = await context.target.manifest();
  const der = answer.certificate?.der;
  if (der === undefined) {
    context.must.hold(false, "a TLS handshake with a certificate", describe(answer), answer.exchange);
    throw new Error("Cannot go on without a certificate");
  }
  return { answer, certificate: parse(context, answer, der) };
}

function parse({ must }: CaseContext, answer: HttpAnswer, der: Uint8Array): X509Certificate {
  let certificate: X509Certificate | undefined;
  try {
    certificate = new X509Certificate(der);
  } catch {
    certificate = undefined;
  }
  must.hold(certificate !== undefined, "an X.509 certificate", `${der.length} bytes that are none`, answer.exchange);
  return certificate as X509Certificate;
}

function commonName(certificate: X509Certificate): string {
  return certificate.subject.split("\n").find((line) => line.startsWith("CN="))?.slice(3) ?? "";
}

/** Letters and digits of a short id without prefix and hyphens. */
function bare(text: string): string {
  return text.replace(/^ed25519:/, "").replaceAll("-", "").toUpperCase().slice(0, COMPARED);
}

/** The Ed25519 key of a certificate as 32 bytes; undefined if it is another kind of key. */
function deviceKey(certificate: X509Certificate): Uint8Array | undefined {
  try {
    const { publicKey } = certificate;
    if (publicKey.asymmetricKeyType !== "ed25519") return undefined;
    return new Uint8Array(publicKey.export({ format: "der", type: "spki" })).subarray(-KEY_BYTES);
  } catch {
    return undefined;
  }
}

function sameKey({ answer, certificate }: Shown, nodeId: string): Verdict {
  const key = deviceKey(certificate);
  const wanted = fromBase64url(nodeId.slice("ed25519:".length));
  const shownKey = key === undefined ? "another kind of key" : `ed25519:${base64url(key)}`;
  return of(answer, holds(key !== undefined && base64url(key) === base64url(wanted), `the key of ${nodeId}`, shownKey));
}

export const certificateCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/certificate-names-the-node",
    requirement: "TRN-009",
    brokenBy: ["certificate-for-localhost"],
    effects: "none",
    async run(context) {
      const { answer, certificate } = await look(context);
      const name = commonName(certificate);
      const wanted = shortId(context.target.nodeId);
      const right = name.endsWith(DOMAIN) && bare(name.slice(0, -DOMAIN.length)) === bare(wanted);
      context.must(of(answer, holds(right, `common name ${wanted}${DOMAIN}`, name)));
      const own = certificate.issuer === certificate.subject;
      context.must(of(answer, holds(own, "a self-signed certificate", `issuer ${certificate.issuer}`)));
    },
  }),
  defineCase({
    id: "core/transport/certificate-has-the-device-key",
    requirement: "TRN-010",
    brokenBy: ["certificate-of-another-key"],
    effects: "none",
    async run(context) {
      context.must(sameKey(await look(context), context.target.nodeId));
    },
  }),
  defineCase({
    id: "core/transport/certificate-lasts-ten-years",
    requirement: "TRN-011",
    brokenBy: ["certificate-of-ninety-days"],
    effects: "none",
    async run(context) {
      const { answer, certificate } = await look(context);
      const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
      const days = (to - from) / DAY_MS;
      const [least, most] = LIFE_DAYS;
      context.must(
        of(answer, holds(days >= least && days <= most, `${least} to ${most} days of validity`, `${days} days`)),
      );
      const now = context.target.wall();
      const range = `${certificate.validFrom} to ${certificate.validTo}`;
      context.must(of(answer, holds(now >= from && now <= to, "a validity that includes the present", range)));
    },
  }),
  defineCase({
    id: "core/transport/certificate-stays",
    requirement: "TRN-012",
    brokenBy: ["certificate-per-connection"],
    effects: "none",
    async run(context) {
      const seen = new Set<string>();
      for (let i = 0; i < CONNECTIONS; i++) seen.add((await look(context)).answer.certificate?.fingerprint ?? "none");
      context.must.hold(seen.size === 1, `one fingerprint on ${CONNECTIONS} connections`, shown([...seen]));
    },
  }),
  defineCase({
    id: "core/transport/any-server-name",
    requirement: "TRN-013",
    brokenBy: ["certificate-needs-its-name"],
    effects: "none",
    async run({ target, must }) {
      must(status(await target.manifest(), 200));
      const endpoint = { ...target.endpoint, servername: "unrelated.example" };
      must(status(await request(target.network, endpoint, { method: "GET", path: "/manifest", headers: [] }), 200));
    },
  }),
];
