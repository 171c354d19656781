/** Running one case against one session: context, deadline, outcome. */

import { type Clock, Random } from "../protocol/mod.ts";
import type { CaseResult, Failure } from "../report/results.ts";
import { Actors, NoSuchActor } from "../target/actors.ts";
import type { Session } from "../target/session.ts";
import { type Network, WireError } from "../wire/mod.ts";
import type { CaseContext } from "./case.ts";
import type { ReporterBench } from "./judged_reporter.ts";
import type { PlannedCase } from "./select.ts";
import { Inconclusive, makeMust, Skip, Violation } from "./verdict.ts";

/** Time a case may take in milliseconds; `slow` ones wait for documented intervals of up to 310 s. */
export const CASE_DEADLINE_MS = 60_000;
export const SLOW_CASE_DEADLINE_MS = 350_000;

/** Time the end of a session may take in milliseconds. */
const CLOSE_DEADLINE_MS = 5_000;

/** Default time between two attempts of `until`, in milliseconds. */
const UNTIL_EVERY_MS = 25;

/** What opening a session for a case gives. */
export interface OpenedCase {
  readonly session: Session;
  readonly actors: Actors;
}

/** How to open a session and how to repeat a case by hand. */
export interface ExecuteOptions {
  readonly seed: number;
  readonly network: Network;
  /** Measures the deadline and the duration of the case; in a recheck, time goes on while the network's does not. */
  readonly clock: Clock;
  readonly open: () => Promise<OpenedCase>;
  readonly reporter: ReporterBench;
  /** Command line that repeats just this case. */
  readonly reproduction: (caseId: string) => string;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Stack of a harness error, cut to the lines that help. */
function originOf(error: unknown): string {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  const line = stack.split("\n").find((l) => l.includes("/suites/") || l.includes("/src/"));
  return line === undefined ? "" : ` (${line.trim().replace(/^at /, "").replace(/file:\/\/\S*\/(?=suites|src)/, "")})`;
}

/** Ends a session; one that does not end in time is left behind with a note, so that it cannot hold up the run. */
async function closeWithin(opened: OpenedCase | undefined, clock: Clock): Promise<string | undefined> {
  if (opened === undefined) return undefined;
  const closed = new AbortController();
  const late = clock.sleep(CLOSE_DEADLINE_MS, closed.signal).then(
    () => `the session did not end within ${CLOSE_DEADLINE_MS} ms`,
    () => undefined,
  );
  const closing = opened.session.close().then(
    () => undefined,
    (error) => `closing the session: ${messageOf(error)}`,
  );
  const note = await Promise.race([closing, late]);
  closed.abort();
  return note;
}

/** Runs a case; never raises. */
export async function executeCase(planned: PlannedCase, options: ExecuteOptions): Promise<CaseResult> {
  const { definition, requirement } = planned;
  const { clock } = options.network;
  const startedAt = options.clock.mono();
  const notes: string[] = [];
  const finish = (rest: Pick<CaseResult, "outcome"> & Partial<CaseResult>): CaseResult => ({
    id: definition.id,
    requirement: requirement.id,
    specRef: requirement.ref,
    level: requirement.level,
    section: planned.section,
    notes,
    durationMs: Math.round(options.clock.mono() - startedAt),
    ...rest,
  });
  const failure = (error: Violation): Failure => ({
    expected: error.difference.expected,
    observed: error.difference.observed,
    reproduction: options.reproduction(definition.id),
    exchange: error.difference.exchange ?? opened?.session.lastExchange ?? -1,
  });
  let opened: OpenedCase | undefined;
  const over = new AbortController();
  try {
    const deadlineMs = planned.slow ? SLOW_CASE_DEADLINE_MS : definition.longestMs ?? CASE_DEADLINE_MS;
    const work = async () => {
      opened = await options.open();
      const must = makeMust();
      const context: CaseContext = {
        target: opened.session,
        actors: opened.actors,
        must,
        should: must,
        random: new Random(options.seed, "case", definition.id),
        note: (text) => void notes.push(text),
        skip: (reason) => {
          throw new Skip(reason);
        },
        inconclusive: (reason) => {
          throw new Inconclusive(reason);
        },
        async until(attempt, waitMs, everyMs = UNTIL_EVERY_MS) {
          const end = clock.mono() + waitMs;
          for (;;) {
            const value = await attempt();
            if (value !== undefined) return value;
            if (clock.mono() >= end) return undefined;
            await clock.sleep(everyMs);
          }
        },
        reporter: options.reporter,
      };
      await definition.run(context);
    };
    const timeUp = options.clock.sleep(deadlineMs, over.signal).then(() => {
      throw new Error(`the case took longer than ${deadlineMs} ms`);
    });
    timeUp.catch(() => {});
    const working = work();
    working.catch(() => {});
    await Promise.race([working, timeUp]);
    return finish({ outcome: "pass" });
  } catch (error) {
    if (error instanceof Violation) return finish({ outcome: "fail", failure: failure(error) });
    if (error instanceof Skip) return finish({ outcome: "skipped", skip: "gated", reason: error.message });
    if (error instanceof NoSuchActor) return finish({ outcome: "skipped", skip: "gated", reason: error.message });
    if (error instanceof Inconclusive) return finish({ outcome: "inconclusive", reason: error.message });
    if (error instanceof WireError && error.kind === "unrecorded") {
      return finish({ outcome: "inconclusive", reason: error.message });
    }
    return finish({ outcome: "error", reason: `${messageOf(error)}${originOf(error)}` });
  } finally {
    over.abort(new Error("the case is over"));
    const note = await closeWithin(opened, options.clock);
    if (note !== undefined) notes.push(note);
  }
}
