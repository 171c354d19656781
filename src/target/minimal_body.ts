/** The smallest valid body of each capability that tests use as a means (spec README "Words in needs"). */

import { isObject, type JsonObject } from "../protocol/mod.ts";
import { advertised, type TargetProfile } from "./profile.ts";

/** A model the target offers for a capability, from the manifest entry. */
export function modelOf(profile: TargetProfile, name: string): string {
  const entry = advertised(profile, name) ?? advertised(profile, name, "2.0");
  const params = isObject(entry?.params) ? entry.params : {};
  if (typeof params.model === "string") return params.model;
  const first = Array.isArray(params.models) ? params.models[0] : undefined;
  return typeof first === "string" ? first : "default";
}

/** Params and input of the smallest valid call. */
export function minimalBody(profile: TargetProfile, name: string): JsonObject {
  switch (name) {
    case "embed.text":
      return { params: { model: modelOf(profile, name) }, input: { texts: ["hearth"] } };
    case "llm.chat":
      return {
        params: { model: modelOf(profile, name) },
        input: { messages: [{ role: "user", content: "Say hello." }], max_tokens: 4, stream: false },
      };
    default:
      return { params: {}, input: {} };
  }
}
