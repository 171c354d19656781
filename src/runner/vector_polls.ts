/** Long polls of a vector: one or several at once, with a call made while they wait. */

import type { Actor } from "../target/actors.ts";
import type { Session } from "../target/session.ts";
import type { HttpAnswer } from "../wire/mod.ts";
import type { VectorStep } from "./vector_steps.ts";

/** Makes the polls of a step and the call meanwhile; the answer that came last counts. */
export async function polled(
  session: Session,
  step: Extract<VectorStep, { do: "poll" }>,
  actor: (name: string) => Promise<Actor>,
): Promise<HttpAnswer> {
  const { topic, last_seq: lastSeq, timeout, meanwhile, subscribers = 1 } = step;
  const options = {
    ...(lastSeq === undefined ? {} : { lastSeq }),
    ...(timeout === undefined ? {} : { timeout }),
  };
  const waiting = Promise.all(Array.from({ length: subscribers }, () => session.poll(topic, options)));
  if (meanwhile !== undefined) await session.call(await actor(meanwhile.as), meanwhile.capability, meanwhile.input);
  const [first, ...rest] = await waiting;
  if (first === undefined) throw new Error(`Cannot poll: current value of subscribers is ${subscribers}`);
  return rest.reduce((last, one) => one.endedAt > last.endedAt ? one : last, first);
}
