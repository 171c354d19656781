/**
 * Vectors of tokens and events, judged against the target (X09 §4.4). Their own community is nobody's and their times
 * have passed: names, times and numbers are put in anew, in the same places of the same bytes, and signed anew.
 */

import { errorCode, holds, of } from "../src/check/mod.ts";
import {
  type EventEnvelope,
  fromBase64url,
  isObject,
  type Json,
  type JsonObject,
  mintToken,
  signEvent,
  TOKEN_PREFIX,
} from "../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../src/runner/case.ts";
import type { Actor } from "../src/target/actors.ts";
import { accepts, counted } from "./core/events/helpers.ts";
import { claims, present, presenter, probe, requireOwnTokens } from "./core/tokens/helpers.ts";
import type { VectorData } from "./vector_suites.ts";

/** Members of a token payload that belong to the community and the moment of the vector. */
const BOUND_CLAIMS = ["iss", "aud", "iat", "nbf", "exp", "jti"] as const;

/** The same payload text with other values in the same order; what the vector does not have is not added. */
export function reboundPayload(text: string, values: JsonObject): string {
  const payload: unknown = JSON.parse(text);
  if (!isObject(payload)) throw new TypeError(`Cannot rebind a token vector: its payload is ${text}`);
  return JSON.stringify(
    Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, values[name] ?? value])),
  );
}

/** A vector's token for this target: its header bytes, its payload form, other names and times. */
function reboundToken(
  context: CaseContext,
  input: JsonObject,
  output: JsonObject,
  issuer: Actor,
  holder: Actor,
): { readonly token: string; readonly bearer: boolean } {
  const { target } = context;
  const text = String(input.payload);
  const now = claims(target, issuer.id, holder.id);
  const all: JsonObject = { ...now, aud: target.communityId, nbf: now.iat ?? 0 };
  const original = JSON.parse(text) as { readonly sub: string; readonly scope: JsonObject };
  const bearer = original.sub === "*";
  const payload = reboundPayload(text, {
    ...Object.fromEntries(BOUND_CLAIMS.map((name) => [name, all[name] ?? null])),
    sub: bearer ? "*" : holder.id,
    scope: { ...original.scope, capabilities: [probe(target).entry] },
  });
  const header = new TextDecoder().decode(fromBase64url(String(output.header_segment)));
  return { token: mintToken(issuer.identity, payload, header), bearer };
}

/** Token vectors: a verifier reads them, whatever the order of members and the spacing. */
export function tokenCase(file: VectorData | undefined): ConformanceCase {
  return defineCase({
    id: "core/tokens/vectors-of-tokens",
    requirement: "TOK-025",
    brokenBy: ["token-verified-over-canonical-form"],
    effects: "none",
    async run(context) {
      const { target, actors, must, note } = context;
      const [issuer, holder] = [await actors.member("alice"), await presenter(context)];
      await requireOwnTokens(context, issuer, holder);
      for (const { name, input, output } of file?.vectors ?? []) {
        const { token, bearer } = reboundToken(context, input, output, issuer, holder);
        must.hold(
          token.startsWith(`${TOKEN_PREFIX}${output.header_segment}.`),
          `vector "${name}": the header of the vector, byte for byte`,
          token,
        );
        const answer = await present(target, holder, token);
        // Not every node honours tokens for whoever holds them, and a constraint may not fit the probe.
        const refusal = errorCode(answer);
        if (bearer && answer.status !== 200) {
          note(`vector "${name}" was refused with ${refusal}`);
          must(of(answer, holds(refusal !== "token_invalid", `vector "${name}": a token that is understood`, refusal)));
        } else must(of(answer, holds(answer.status === 200, `vector "${name}": status 200`, answer.status)));
      }
    },
  });
}

/** A vector's event for this target, by an author of the session. */
async function reboundEvent(
  { target }: CaseContext,
  event: JsonObject,
  author: Actor,
  onBehalfOf: Actor,
): Promise<EventEnvelope> {
  const data = isObject(event.data) ? event.data : {};
  const named: JsonObject = {
    ...data,
    ...("client_id" in data ? { client_id: target.id() } : {}),
    ...("on_behalf_of" in data ? { on_behalf_of: onBehalfOf.id } : {}),
  };
  return signEvent(author.identity, {
    event_id: target.id(),
    lamport: await target.nextLamport(),
    wall_clock: target.now(),
    community_id: target.communityId,
    event_type: String(event.event_type),
    data: named,
  });
}

/** Event vectors: they verify over the canonical form, whatever the order of members on the wire. */
export function eventCase(file: VectorData | undefined): ConformanceCase {
  return defineCase({
    id: "core/events/vectors-of-events",
    requirement: "EVT-020",
    brokenBy: ["event-verified-as-received"],
    effects: "writes",
    async run(context) {
      const { target, actors } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      for (const { name, input } of file?.vectors ?? []) {
        if (!isObject(input.event)) continue;
        const event = await reboundEvent(context, input.event, alice, bob);
        const reversed = Object.fromEntries(Object.entries(event).reverse()) as unknown as Json;
        accepts(context, counted(context, await target.push([reversed])), 1, `vector "${name}"`);
      }
    },
  });
}
