/** Keeps keys and tokens given to the runner out of everything that is published (PRO-056). */

import type { Json, JsonObject } from "../protocol/mod.ts";

/** Stands where a secret was. */
export const REDACTED = "(secret)";
/** Value of an option that names or holds a secret. */
export const GIVEN = "(given)";

/** Shorter texts are no secrets; replacing them would tear other words apart. */
const SHORTEST_SECRET = 8;

/** A copy in which every occurrence of a secret, in values and member names, is replaced. */
export function redact(value: Json, secrets: readonly string[]): Json {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST_SECRET).sort((a, b) =>
    b.length - a.length
  );
  const clean = (text: string) => known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
  const walk = (part: Json): Json => {
    if (typeof part === "string") return clean(part);
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, member]) => [clean(name), walk(member)]));
  };
  return walk(value);
}

/** A configuration in which options that take a key or a token only tell that they were given. */
export function withoutSecretOptions(configuration: JsonObject, names: readonly string[]): JsonObject {
  const secret = new Set(names);
  return Object.fromEntries(
    Object.entries(configuration).map(([name, value]) => [name, secret.has(name) ? GIVEN : value]),
  );
}

/** A URL without user name and password; a text that is no URL stays as it is. */
export function withoutCredentials(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username === "" && parsed.password === "") return url;
  parsed.username = "";
  parsed.password = "";
  return parsed.href;
}
