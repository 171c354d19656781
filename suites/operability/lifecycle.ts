/** Ending and starting the node, and what cases look at before and after. */

import { describe, succeeded } from "../../src/check/mod.ts";
import { isObject, type JsonObject, tryParseJson } from "../../src/protocol/mod.ts";
import type { CaseContext } from "../../src/runner/case.ts";
import type { Actor } from "../../src/target/actors.ts";
import type { NodeSignal, StopOutcome } from "../../src/target/target.ts";
import type { HttpAnswer } from "../../src/wire/mod.ts";
import { membersFor, type Offered, probe, send, turnOf } from "../core/bus/helpers.ts";
import { listedWhen, postData } from "../core/events/posts.ts";

/** Time a started node has until it is healthy, in milliseconds (OPS-011). */
const HEALTH_DEADLINE_MS = 30_000;

/** Ends the node; one that cannot be ended apart from its start is left alone. */
export async function ended(context: CaseContext, signal: NodeSignal = "SIGTERM"): Promise<StopOutcome> {
  return await context.target.control.end(signal);
}

/** Starts the ended node; whether it does is judged by OPS-011. */
export async function begun(context: CaseContext): Promise<void> {
  const { started, why } = await context.target.control.begin();
  if (!started) context.inconclusive(`the node did not start again (OPS-011): ${why}`);
}

/** Stops the node cleanly, or kills it, and starts it again on its data. */
export async function restarted(context: CaseContext, signal: NodeSignal = "SIGTERM"): Promise<void> {
  const { target } = context;
  if (!target.control.separate) return await target.restart(signal === "SIGKILL" ? "kill" : "stop");
  await ended(context, signal);
  await begun(context);
}

/** Waits until `GET /health` answers 200; the last answer either way. */
export async function healthy({ target, until }: CaseContext): Promise<HttpAnswer> {
  let answer = await target.httpGet("/health");
  await until(async () => {
    if (answer.status === 200) return true;
    answer = await target.httpGet("/health");
    return undefined;
  }, HEALTH_DEADLINE_MS);
  return answer;
}

/** Nothing listens where the node was. */
export function isRefused(answer: HttpAnswer): boolean {
  return answer.status === 0 && answer.failure?.kind === "refused";
}

/** A post that was acknowledged. */
export interface Acknowledged {
  readonly eventId: string;
  readonly lamport: number;
  readonly clientId: string;
  readonly title: string;
}

/** One market.post; undefined if it was not acknowledged. */
export async function tryPost(
  context: CaseContext,
  author: Actor,
  title: string,
): Promise<Acknowledged | undefined> {
  const input = postData(context, title);
  const answer = await context.target.call(author, "market.post", input);
  const body = answer.failure === undefined ? tryParseJson(answer.body) : undefined;
  const output = isObject(body) && isObject(body.output) ? body.output : {};
  const { event_id: eventId, lamport } = output;
  if (answer.status !== 200 || typeof eventId !== "string" || typeof lamport !== "number") return undefined;
  return { eventId, lamport, clientId: String(input.client_id), title };
}

/** So many acknowledged posts, one after the other; members take turns below the rate budget. */
export async function posts(context: CaseContext, count: number): Promise<readonly Acknowledged[]> {
  const members = await membersFor(context, count);
  const made: Acknowledged[] = [];
  for (let i = 0; i < count; i++) {
    const post = await tryPost(context, turnOf(members, i), `Post ${i} ${context.target.id()}`);
    made.push(post ?? context.inconclusive(`post ${i} was not acknowledged`));
  }
  return made;
}

/** The listing once everything that was acknowledged is in it, or when views have had their time. */
export async function listingOf(
  context: CaseContext,
  reader: Actor,
  made: readonly Acknowledged[],
): Promise<readonly JsonObject[]> {
  const from = Math.min(...made.map(({ lamport }) => lamport));
  const has = (found: readonly JsonObject[]) =>
    made.every(({ eventId }) => found.some((post) => post.event_id === eventId));
  return (await listedWhen(context, reader, from, has)).posts;
}

/** Every acknowledged post is listed under its id. */
export async function allListed(context: CaseContext, reader: Actor, made: readonly Acknowledged[]): Promise<void> {
  const found = await listingOf(context, reader, made);
  const lost = made.filter(({ eventId }) => !found.some((post) => post.event_id === eventId));
  context.must.hold(
    lost.length === 0,
    `all ${made.length} acknowledged posts after the restart`,
    `${lost.length} of them are missing, the first is ${lost[0]?.eventId}`,
  );
}

/** The probe capability answers. */
export async function probeWorks(context: CaseContext, actor: Actor, probed: Offered = probe(context.target)) {
  const answer = await send(context.target, actor, probed.name, probed.version, probed.body);
  context.must(succeeded(answer));
}

/** The head of the log; a node that does not tell it cannot be judged. */
export async function headOf(context: CaseContext): Promise<number> {
  return await context.target.head() ?? context.inconclusive("the head cannot be read");
}

/** The community manifest as an object. */
export async function communityOf({ target, inconclusive }: CaseContext): Promise<JsonObject> {
  const answer = await target.communityManifest();
  const value = tryParseJson(answer.body);
  return isObject(value) ? value : inconclusive(`the community manifest cannot be read: ${describe(answer)}`);
}
