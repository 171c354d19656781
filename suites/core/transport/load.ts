/** How fast calls came in: a budget that was never exceeded says nothing about a node. */

import type { CaseContext } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

const SECOND_MS = 1_000;

/** When a call was on its way. */
export type Sent = Pick<HttpAnswer, "status" | "startedAt" | "firstByteAt">;

/**
 * Calls per second that the target saw at least: those that were answered, over the time from the first byte sent to the
 * last answer's begin. Infinity if that time is too short to be measured; 0 without answers.
 */
export function rateOf(answers: readonly Sent[]): number {
  const answered = answers.filter(({ status }) => status > 0);
  if (answered.length === 0) return 0;
  const from = answered.reduce((earliest, { startedAt }) => Math.min(earliest, startedAt), Infinity);
  const to = answered.reduce((latest, { firstByteAt }) => Math.max(latest, firstByteAt), -Infinity);
  return answered.length * SECOND_MS / Math.max(0, to - from);
}

/**
 * Ends the case as inconclusive if the tester was too slow. The reason does not tell the rate, so that reports of one seed
 * differ in nothing else.
 */
export function requireRate({ inconclusive }: CaseContext, answers: readonly Sent[], least: number): void {
  if (rateOf(answers) < least) inconclusive(`the tester did not reach ${least} calls per second`);
}
