/** The signature of a call as a text and as a number: prefix, encoding, length, scalar range. */

import { refusedWith } from "../../../src/check/mod.ts";
import { base64url, canonicalize } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import {
  anyCapability,
  bodyWith,
  callSignedOver,
  callWithSignature,
  repeatOf,
  signatureBytes,
  tagged,
} from "./helpers.ts";

const PREFIX = "ed25519:";
const SIGNATURE_BYTES = 64;
const SIGNATURE_CHARACTERS = 86;
const SCALAR_AT = 32;
const BITS_PER_BYTE = 8;
/** Order of the base point of Ed25519 (RFC 8032 §5.1). */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
/** Request ids tried until a signature holds a character that the standard alphabet spells differently (93 % each). */
const ALPHABET_TRIES = 32;

/** The signature with its scalar half raised by the group order: the same point equation, out of range. */
function withRaisedScalar(bytes: Uint8Array): Uint8Array {
  const scalar = bytes.slice(SCALAR_AT).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + GROUP_ORDER;
  const raised = bytes.slice();
  for (let i = 0; i < SIGNATURE_BYTES - SCALAR_AT; i++) {
    raised[SCALAR_AT + i] = Number((scalar >> BigInt(i * BITS_PER_BYTE)) & 0xffn);
  }
  return raised;
}

export const signatureCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/identity/signature-bit-flipped",
    requirement: "IDN-042",
    brokenBy: ["signature-form-only"],
    effects: "none",
    async run(context) {
      const { must, random } = context;
      for (const [from, to] of [[0, SCALAR_AT], [SCALAR_AT, SIGNATURE_BYTES]] as const) {
        const bit = from * BITS_PER_BYTE + random.below((to - from) * BITS_PER_BYTE);
        const answer = await callWithSignature(context, (signature) => {
          const bytes = signatureBytes(signature);
          const at = Math.floor(bit / BITS_PER_BYTE);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % BITS_PER_BYTE));
          return tagged(bytes);
        });
        must(refusedWith(answer, "invalid_signature"));
      }
    },
  }),
  defineCase({
    id: "core/identity/signature-prefix",
    requirement: "IDN-044",
    brokenBy: ["signature-prefix-optional"],
    effects: "none",
    async run(context) {
      const answer = await callWithSignature(context, (signature) => signature.slice(PREFIX.length));
      context.must(refusedWith(answer, "invalid_signature"));
    },
  }),
  defineCase({
    id: "core/identity/signature-length",
    requirement: "IDN-045",
    brokenBy: ["signature-length-fails"],
    effects: "none",
    async run(context) {
      const { must, random } = context;
      const forms = [
        tagged(new Uint8Array(0)),
        tagged(random.bytes(SIGNATURE_BYTES - 1)),
        tagged(random.bytes(SIGNATURE_BYTES + 1)),
        `${PREFIX}${"!*".repeat(SIGNATURE_CHARACTERS / 2)}`,
      ];
      for (const form of forms) {
        must(refusedWith(await callWithSignature(context, () => form), "invalid_signature"));
      }
    },
  }),
  defineCase({
    id: "core/identity/signature-one-spelling",
    requirement: "IDN-046",
    brokenBy: ["signature-lenient-base64"],
    effects: "none",
    async run(context) {
      const { target, actors, should } = context;
      should(refusedWith(await callWithSignature(context, (signature) => `${signature}==`), "invalid_signature"));
      const stranger = actors.stranger();
      const name = anyCapability(context);
      for (let i = 0; i < ALPHABET_TRIES; i++) {
        const { envelope, signature = "" } = target.prepare(stranger, name);
        if (!/[-_]/.test(signature)) continue;
        const text = signature.replaceAll("-", "+").replaceAll("_", "/");
        const answer = await target.busCall(stranger, name, { ...repeatOf(envelope), signature: { text } });
        return should(refusedWith(answer, "invalid_signature"));
      }
      context.inconclusive(`none of ${ALPHABET_TRIES} signatures held a character of the URL alphabet`);
    },
  }),
  defineCase({
    id: "core/identity/signature-scalar-range",
    requirement: "IDN-047",
    brokenBy: ["signature-malleable"],
    effects: "none",
    async run(context) {
      const answer = await callWithSignature(
        context,
        (signature) => tagged(withRaisedScalar(signatureBytes(signature))),
      );
      context.should(refusedWith(answer, "invalid_signature"));
    },
  }),
  defineCase({
    id: "core/identity/signature-covers-envelope",
    requirement: "IDN-048",
    brokenBy: ["signature-over-body-alone"],
    effects: "none",
    async run(context) {
      const body = bodyWith(`"${base64url(context.random.bytes(6))}"`);
      const sameBody = canonicalize(JSON.parse(body));
      context.must(refusedWith(await callSignedOver(context, body, () => sameBody), "invalid_signature"));
    },
  }),
];
