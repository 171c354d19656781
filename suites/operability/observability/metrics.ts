/** Metrics as the cases compare them: before and after something that must show. */

import { holds, mediaType, of, status, type Verdict } from "../../../src/check/mod.ts";
import { fromUtf8Lossy } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { type Exposition, readExposition, type Sample, sumOf } from "./exposition.ts";

/** Media types of the exposition format (X03 §4.3). */
const MEDIA_TYPES: readonly string[] = ["text/plain", "application/openmetrics-text"];
/** Time a counter has to show what happened, and between two looks, in milliseconds. */
export const COUNTED_MS = 5_000;
export const LOOK_EVERY_MS = 100;

/** `GET /metrics`, which must answer 200; judged further by OPS-032. */
export async function metrics(context: CaseContext): Promise<Exposition & { readonly answer: HttpAnswer }> {
  const answer = await context.target.httpGet("/metrics");
  context.must(status(answer, 200));
  return { ...readExposition(fromUtf8Lossy(answer.body)), answer };
}

/** The media type is one of the exposition format. */
export function isExposition(answer: HttpAnswer): Verdict {
  const type = mediaType(answer) ?? "none";
  return of(answer, holds(MEDIA_TYPES.includes(type), "Content-Type text/plain", type));
}

/** Samples of a name; one that is missing is a violation. */
export async function samplesOf(
  context: CaseContext,
  name: string,
): Promise<{ readonly samples: readonly Sample[]; readonly answer: HttpAnswer }> {
  const { samples, answer } = await metrics(context);
  const found = samples.filter((sample) => sample.name === name);
  context.must(of(answer, holds(found.length > 0, `samples of ${name}`, "none")));
  return { samples: found, answer };
}

/** A sum that grows with time: what it is now. */
export type Reading = () => Promise<{ readonly value: number; readonly answer: HttpAnswer }>;

/** Reads a sum over samples. */
export function reading(
  context: CaseContext,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Reading {
  return async () => {
    const { samples, answer } = await metrics(context);
    return { value: sumOf(samples, name, labels), answer };
  };
}

/** Reads until the condition holds or the counter has had its time; the last reading either way. */
export async function readUntil(
  context: CaseContext,
  read: Reading,
  holdsFor: (value: number) => boolean,
  deadlineMs: number = COUNTED_MS,
): Promise<{ readonly value: number; readonly answer: HttpAnswer }> {
  let last = await read();
  if (holdsFor(last.value)) return last;
  await context.until(
    async () => {
      last = await read();
      return holdsFor(last.value) ? true : undefined;
    },
    deadlineMs,
    LOOK_EVERY_MS,
  );
  return last;
}

/** A sum grows by at least so much; other traffic may add to it. */
export async function growsBy(
  context: CaseContext,
  what: string,
  read: Reading,
  least: number,
  work: () => Promise<void>,
): Promise<void> {
  const before = (await read()).value;
  await work();
  const { value, answer } = await readUntil(context, read, (now) => now - before >= least);
  context.must(of(answer, holds(value - before >= least, `${what} grows by at least ${least}`, `${value - before}`)));
}

/** How often an exact comparison is made on a node that other traffic may reach as well. */
const ATTEMPTS = 5;

/** Judges work whose exact effect on a gauge or counter may be hidden by other traffic: one clean attempt is enough. */
export async function cleanly(
  context: CaseContext,
  attempt: () => Promise<Verdict>,
): Promise<void> {
  const attempts = context.target.profile.features.has("fresh") ? 1 : ATTEMPTS;
  let last: Verdict;
  for (let i = 0; i < attempts; i++) {
    last = await attempt();
    if (last === undefined) return;
  }
  context.must(last);
}
