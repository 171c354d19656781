/** Forged and malformed tokens. They are judged on every node: without token support they must be refused as well. */

import { createHmac } from "node:crypto";
import { refusedWith, status, succeeded } from "../../../src/check/mod.ts";
import { base64url, fromBase64url, publicKeyOf, TOKEN_HEADER, TOKEN_PREFIX, utf8 } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import {
  altered,
  claims,
  encoded,
  issued,
  mint,
  minted,
  noteStatus,
  present,
  presenter,
  probe,
  requireOwnTokens,
  segmentsOf,
  usual,
  withSegment,
} from "./helpers.ts";

const SIGNATURE_BYTES = 64;
/** Far above the 800 bytes of an issued token. */
const HUGE_BYTES = 65_536;

/** Refused with one of the codes; on a node that does not offer tokens any 4xx will do (conflict "Core section"). */
function refuses(context: CaseContext, answer: HttpAnswer, ...codes: readonly string[]): void {
  const { target, must } = context;
  if (target.advertised("auth.token.issue") === undefined) {
    must.hold(answer.status >= 400 && answer.status < 500, "a 4xx error", `${answer.status}`, answer.exchange);
    return;
  }
  must(refusedWith(answer, ...codes));
  noteStatus(context, answer);
}

/** A good token by a member; where the tester has no member, a well-formed one by a stranger. */
async function someToken(context: CaseContext, holder: Actor): Promise<string> {
  const { target, actors } = context;
  const issuer = target.profile.identities.member > 1 ? await actors.member("alice") : actors.stranger("alice");
  return minted(target, issuer, holder);
}

/** Id of a member whose key is not needed. */
async function memberId({ target, actors }: CaseContext): Promise<string> {
  return target.profile.identities.member > 1 ? (await actors.member("alice")).id : target.nodeId;
}

function flipped(segment: string): string {
  const bytes = fromBase64url(segment);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return base64url(bytes);
}

export const forgedCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/tokens/altered-signature",
    requirement: "TOK-027",
    brokenBy: ["token-signature-only-present"],
    effects: "writes",
    async run(context) {
      const { target, actors } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { token } = await issued(context, alice, usual(target, bob.id));
      const forged = withSegment(token, 2, flipped(segmentsOf(token)[2] ?? ""));
      refuses(context, await present(target, bob, forged), "token_invalid");
    },
  }),
  defineCase({
    id: "core/tokens/altered-payload",
    requirement: "TOK-028",
    brokenBy: ["token-payload-trusted"],
    effects: "writes",
    async run(context) {
      const { target, actors } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const token = await issued(context, alice, usual(target, bob.id));
      const wider = { scope: { capabilities: [probe(target).entry, "llm.chat@1.0"] } };
      for (const forged of [altered(target, token), altered(target, token, wider)]) {
        refuses(context, await present(target, bob, forged), "token_invalid");
      }
    },
  }),
  defineCase({
    id: "core/tokens/altered-header",
    requirement: "TOK-029",
    brokenBy: ["token-header-unsigned"],
    effects: "writes",
    async run(context) {
      const { target, actors } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { token } = await issued(context, alice, usual(target, bob.id));
      const forged = withSegment(token, 0, encoded({ ...TOKEN_HEADER, zz_unknown: "added" }));
      refuses(context, await present(target, bob, forged), "token_invalid", "bad_request");
    },
  }),
  defineCase({
    id: "core/tokens/algorithm-none",
    requirement: "TOK-030",
    brokenBy: ["token-alg-none-accepted"],
    effects: "none",
    async run(context) {
      const { target } = context;
      const bob = await presenter(context);
      const issuer = await memberId(context);
      const signed = () =>
        `${TOKEN_PREFIX}${encoded({ ...TOKEN_HEADER, alg: "none" })}.${encoded(claims(target, issuer, bob.id))}`;
      const zeros = base64url(new Uint8Array(SIGNATURE_BYTES));
      for (const token of [`${signed()}.`, signed(), `${signed()}.${zeros}`]) {
        refuses(context, await present(target, bob, token), "bad_request", "token_invalid");
      }
    },
  }),
  defineCase({
    id: "core/tokens/algorithm-hs256",
    requirement: "TOK-031",
    brokenBy: ["token-alg-hs256-accepted"],
    effects: "none",
    async run(context) {
      const { target } = context;
      const bob = await presenter(context);
      const bytes = publicKeyOf(target.nodeId) ?? new Uint8Array();
      for (const key of [bytes, utf8(target.nodeId.slice("ed25519:".length))]) {
        const header = encoded({ ...TOKEN_HEADER, alg: "HS256" });
        const signed = `${header}.${encoded(claims(target, target.nodeId, bob.id))}`;
        const mac = new Uint8Array(createHmac("sha256", key).update(signed).digest());
        const answer = await present(target, bob, `${TOKEN_PREFIX}${signed}.${base64url(mac)}`);
        refuses(context, answer, "bad_request", "token_invalid");
      }
    },
  }),
  defineCase({
    id: "core/tokens/key-inside-the-header",
    requirement: "TOK-032",
    brokenBy: ["token-header-key-used"],
    effects: "none",
    async run(context) {
      const { target, actors } = context;
      const bob = await presenter(context);
      const mallory = actors.stranger();
      const x = mallory.id.slice("ed25519:".length);
      const header = { ...TOKEN_HEADER, jwk: { kty: "OKP", crv: "Ed25519", x }, kid: mallory.id };
      const token = mint(mallory, claims(target, await memberId(context), bob.id), header);
      refuses(context, await present(target, bob, token), "token_invalid", "bad_request");
    },
  }),
  defineCase({
    id: "core/tokens/signed-with-another-key",
    requirement: "TOK-033",
    brokenBy: ["token-any-member-key"],
    effects: "none",
    async run(context) {
      const { target, actors } = context;
      const bob = await presenter(context);
      const signers = [actors.stranger()];
      if (target.profile.identities.member > 1) signers.push(await actors.member("alice"));
      for (const signer of signers) {
        const token = mint(signer, claims(target, target.nodeId, bob.id));
        refuses(context, await present(target, bob, token), "token_invalid");
      }
    },
  }),
  defineCase({
    id: "core/tokens/wrong-type-or-version-in-the-header",
    requirement: "TOK-034",
    brokenBy: ["token-typ-and-v-ignored"],
    effects: "none",
    async run(context) {
      const { target, actors } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireOwnTokens(context, alice, bob);
      for (const change of [{ typ: "JWT" }, { v: 2 }]) {
        const token = mint(alice, claims(target, alice.id, bob.id), { ...TOKEN_HEADER, ...change });
        refuses(context, await present(target, bob, token), "bad_request", "token_invalid");
      }
    },
  }),
  defineCase({
    id: "core/tokens/other-prefixes",
    requirement: "TOK-035",
    brokenBy: ["token-prefix-ignored"],
    effects: "none",
    async run(context) {
      const { target } = context;
      const bob = await presenter(context);
      const bare = segmentsOf(await someToken(context, bob)).join(".");
      for (const prefix of ["https://v1/", "hntoken://v2/", ""]) {
        refuses(context, await present(target, bob, prefix + bare), "bad_request", "token_invalid");
      }
    },
  }),
  defineCase({
    id: "core/tokens/malformed-segments",
    requirement: "TOK-036",
    brokenBy: ["token-malformed-crashes"],
    effects: "none",
    async run(context) {
      const { target } = context;
      const bob = await presenter(context);
      const [header = "", payload = "", signature = ""] = segmentsOf(await someToken(context, bob));
      const seven = encoded("7");
      const malformed = [
        [header],
        [header, payload],
        [header, payload, signature, signature],
        [header, "%%%", signature],
        [seven, seven, signature],
      ];
      for (const parts of malformed) {
        const answer = await present(target, bob, TOKEN_PREFIX + parts.join("."));
        refuses(context, answer, "bad_request", "token_invalid");
      }
    },
  }),
  defineCase({
    id: "core/tokens/issuer-is-no-member",
    requirement: "TOK-051",
    brokenBy: ["token-any-issuer"],
    effects: "none",
    async run(context) {
      const { target, actors } = context;
      const mallory = actors.stranger();
      const answer = await present(target, mallory, minted(target, mallory, mallory));
      refuses(context, answer, "token_invalid", "unauthorized", "not_federated");
    },
  }),
  defineCase({
    id: "core/tokens/huge-token",
    requirement: "TOK-037",
    brokenBy: ["token-of-any-size-read"],
    effects: "none",
    async run({ target, actors, should }) {
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const answer = await present(target, bob, minted(target, alice, bob, { zz_padding: "x".repeat(HUGE_BYTES) }));
      should(status(answer, 400, 401, 431));
      const { name, body } = probe(target);
      const after = await target.busCall(alice, name, { body });
      should(succeeded(after));
    },
  }),
];
