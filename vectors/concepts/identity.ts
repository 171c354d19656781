/** Ids of keys. wire-format.md sections 1 and 20. */

import { hex, publicKeyOf, shortId } from "../../src/protocol/mod.ts";
import { concept, equalBytesSeed, identity, RISING_SEED } from "../concept.ts";

type Input = { seed: string };
type Output = { id: string; short_id: string; public_key: string };

export const identityIds = concept<Input, Output>({
  name: "identity",
  provenance: { document: "wire-format.md", section: "20" },
  cases: [
    {
      name: "rising seed",
      input: { seed: RISING_SEED },
      worked: {
        id: "ed25519:ebVWLo_mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ",
        short_id: "ed25519:PG2V-MLUP-4ZKP-SQDY",
      },
    },
    {
      name: "community key",
      input: { seed: equalBytesSeed("07") },
      worked: { id: "ed25519:6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw" },
    },
    {
      name: "token issuer",
      input: { seed: equalBytesSeed("11") },
      worked: { id: "ed25519:0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzc" },
    },
    {
      name: "token subject",
      input: { seed: equalBytesSeed("22") },
      worked: { id: "ed25519:oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA" },
    },
    {
      name: "token community",
      input: { seed: equalBytesSeed("33") },
      worked: { id: "ed25519:F8t5-ytBIPKx7GXkGY1uCLKOgT_rAeSkAIObheGAgM4" },
    },
  ],
  produce({ seed }) {
    const { id, publicKey } = identity(seed);
    return { id, short_id: shortId(id), public_key: hex(publicKey) };
  },
  parse: ({ id }) => hex(publicKeyOf(id) ?? new Uint8Array()),
  meaning: ({ seed }) => hex(identity(seed).publicKey),
});
