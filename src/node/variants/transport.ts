/** Sound variants of the reference node: transport. */

import { canonicalBytes, isObject, parseJson, signText } from "../../protocol/mod.ts";
import { variants } from "../fault.ts";
import { soundRules } from "../rules.ts";

export const transportVariants = variants({
  "lenient-transport": {
    reading:
      "Foreign communities are unauthorized (CONTRACT §5.1), a missing signature is unauthorized, repeated names count " +
      "with their last value, and surplus calls always get an answer (CONTRACT §9).",
    rules: {
      foreignCommunity: (community, core) => community === core.communityId ? undefined : "unauthorized",
      parseBody: (bytes) => parseJson(bytes, { duplicates: "last" }),
      missingSignatureCode: "unauthorized",
      aboveHard: "refuse",
    },
  },
  "bare-transport": {
    reading: "The long poll names its payload message and has no number, media types carry a charset, errors have no " +
      "message, streams have comments, and the certificate names the short id without its prefix (catalogue: shape of " +
      "the long-poll answer, TRN-001, TRN-009, TRN-047; CONTRACT §5.4).",
    rules: {
      certificate: {
        ...soundRules.certificate,
        commonName: (nodeId) => soundRules.certificate.commonName(nodeId).replace("ed25519:", ""),
      },
    },
    frame: (frame) => {
      if (frame.channel !== "sse") return [frame];
      const text = frame.raw ?? `event: ${frame.event}\ndata: ${JSON.stringify(frame.data)}\n\n`;
      return [{ ...frame, raw: `: still here\n\n${text}` }];
    },
    outbound: (answer) => {
      const headers = answer.headers.map(([name, value]): [string, string] =>
        name === "Content-Type" && value === "application/json" ? [name, `${value}; charset=utf-8`] : [name, value]
      );
      const { body } = answer;
      if (answer.route === "/pubsub/v1/subscribe" && isObject(body) && isObject(body.payload)) {
        return { ...answer, headers, body: { message: body.payload } };
      }
      if (isObject(body) && typeof body.error === "string" && typeof body.message === "string") {
        const { message: _, ...others } = body;
        return { ...answer, headers, body: others };
      }
      return { ...answer, headers };
    },
  },
  "signs-bare-body": {
    reading:
      "The signature of an answer covers its canonical body alone (catalogue: what a response signature covers).",
    rules: { signAnswer: (identity, { body }) => signText(identity, canonicalBytes(body)) },
  },
});
