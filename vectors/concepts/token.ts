/** Capability tokens. wire-format-services.md section 1. */

import { base64url, canonicalize, decodeToken, mintToken, parseJson, verifyToken } from "../../src/protocol/mod.ts";
import { concept, equalBytesSeed, identity } from "../concept.ts";

/** The payload is text: order of members and spacing are the issuer's choice and are signed as they are. */
type Input = { seed: string; payload: string };
type Output = { token: string; header_segment: string; signature_segment: string; length: number };

const PAYLOAD =
  '{"iss":"ed25519:0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzc","sub":"ed25519:oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA","aud":"ed25519:F8t5-ytBIPKx7GXkGY1uCLKOgT_rAeSkAIObheGAgM4","iat":1790000000,"nbf":1790000000,"exp":1790003600,"jti":"01M2R5G8X4Q9ZT7WJ3KD6VNC0E","scope":{"capabilities":["market.list@1.0"],"rate_limit_per_minute":30}}';

export const token = concept<Input, Output>({
  name: "token",
  provenance: { document: "wire-format-services.md", section: "1" },
  cases: [
    {
      name: "market.list for an hour",
      input: { seed: equalBytesSeed("11"), payload: PAYLOAD },
      worked: {
        header_segment: "eyJhbGciOiJFZERTQSIsInR5cCI6ImhudG9rZW4iLCJ2IjoxfQ",
        signature_segment: "Z0XfUI5tvSDnTkIZt0GIGB7h4vPSikoUkHoYruamEC1pBGzqwDkVj_7_MN3kRwx-tkmaYdmBX3pHXqs1B2wbBA",
        length: 603,
      },
    },
    {
      name: "bearer with constraints",
      input: {
        seed: equalBytesSeed("11"),
        payload: PAYLOAD.replace(/"sub":"[^"]*"/, '"sub":"*"').replace(
          '"rate_limit_per_minute":30',
          '"params_constraints":{"corpus":["well-maps"]},"max_calls_total":null',
        ),
      },
    },
  ],
  produce({ seed, payload }) {
    const token = mintToken(identity(seed), payload);
    const [header = "", , signature = ""] = token.slice(token.lastIndexOf("/") + 1).split(".");
    return { token, header_segment: header, signature_segment: signature, length: token.length };
  },
  parse({ token, signature_segment }) {
    const decoded = decodeToken(token);
    if (!verifyToken(decoded)) throw new Error("Cannot verify the token");
    if (base64url(decoded.signature) !== signature_segment) throw new Error("Cannot match the signature segment");
    return canonicalize(decoded.payload);
  },
  meaning: ({ payload }) => canonicalize(parseJson(payload)),
});
