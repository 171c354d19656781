/** One target as the tester meets it in one run: a session, its actors, and the steps taken so far. */

import type { Clock, Identity, Json } from "../src/protocol/mod.ts";
import { openSession } from "../src/target/open.ts";
import { type Preflight, preflight } from "../src/target/preflight.ts";
import type { Target } from "../src/target/target.ts";
import { StepPerformer, type VectorStep } from "../src/runner/vector_steps.ts";
import { LiveNetwork, nullSink, steadyClock, type TranscriptSink } from "../src/wire/mod.ts";
import { watched } from "./lag.ts";
import { type Observation, observe, unsent } from "./observation.ts";
import { addressOf, type Cast, type PlannedStep } from "./plan.ts";
import { type Before, Fitting, isOfEveryone, readBefore } from "./used_node.ts";

/** A target and what is known of it. */
export interface Contestant {
  readonly name: string;
  readonly target: Target;
  readonly preflight: Preflight;
  /** Milliseconds by which the times sent to this side are shifted. */
  readonly skewMs: number;
}

/** What decides the bytes. */
export interface RunFrame {
  readonly seed: number;
  readonly timeOrigin: number;
  readonly clock: Clock;
  /** Makes the identities of endpoints new for every attempt. */
  readonly scope: string;
  /** A side was in use before: what was there is left out on both. */
  readonly used?: boolean;
}

/** A run of one side. */
export interface Side {
  /** Where its log stood before the first step; left out for nodes that were started for the run. */
  readonly head?: number;
  /** Milliseconds since the epoch from which on times are of this run; left out likewise. */
  readonly since?: number;
  take(step: PlannedStep): Promise<Observation>;
  /** Keys of the actors of these names, as far as the seed makes them. */
  identities?(names: readonly string[]): Promise<readonly Identity[]>;
  close(): Promise<void>;
}

/** Whether every run gets a node of its own. */
export function startsFresh({ target }: Pick<Contestant, "target">): boolean {
  return target.features.has("fresh") || target.kind === "process";
}

/** Looks at a target before anything is compared. @throws {PreflightError} If it cannot be judged. */
export async function meet(name: string, target: Target, frame: RunFrame, skewMs = 0): Promise<Contestant> {
  const network = networkOf(frame, `${name} preflight`, 0);
  try {
    const found = await preflight(target, network, {
      seed: frame.seed,
      timeOrigin: frame.timeOrigin,
      anyVersion: true,
    });
    return { name, target, preflight: found, skewMs };
  } finally {
    await network.close();
  }
}

function networkOf({ timeOrigin, clock }: RunFrame, scope: string, skewMs: number, sink = nullSink): LiveNetwork {
  return new LiveNetwork({
    scope,
    sink,
    clock: steadyClock(timeOrigin + skewMs, clock),
    // Only what is sent is shifted: a node in this process keeps the right time.
    targetClock: steadyClock(timeOrigin, clock),
  });
}

/** Opens a fresh node, or a fresh namespace where there is none; `sink` takes what passes. */
export async function openSide(
  contestant: Contestant,
  frame: RunFrame,
  cast: Cast,
  sink?: TranscriptSink,
): Promise<Side> {
  const { target, preflight: found, skewMs } = contestant;
  const network = networkOf(frame, frame.scope, skewMs, sink);
  const { session, actors } = await openSession(target, {
    network,
    profile: found.profile,
    seed: frame.seed,
    timeOrigin: frame.timeOrigin,
    scope: frame.scope,
    // Processes are shared between sessions unless one asks for a node of its own.
    needs: { movingClock: true, nodeClockMoves: true, durable: target.kind === "process" },
  });
  const salt = frame.used === true ? { salt: `${frame.timeOrigin} ${frame.scope}` } : {};
  const performer = new StepPerformer({ session, actors, levels: cast, ...salt });
  const offered = found.profile.capabilities.map(({ name }) => String(name));
  const since = Math.min(frame.timeOrigin, frame.clock.wall());
  const before = frame.used === true ? await readBefore(performer, cast, offered) : undefined;
  const fitting = before === undefined
    ? undefined
    : new Fitting(before.head, `${frame.seed} ${frame.timeOrigin} ${frame.scope}`);
  return {
    ...(before === undefined ? {} : { head: before.head, since }),
    async take({ step }) {
      try {
        const { value, heldMs } = await watched(frame.clock, () => performer.take(fitting?.step(step) ?? step));
        const seen = { ...observe(value), heldMs };
        return before === undefined || fitting === undefined ? seen : leftOut(seen, before, fitting, step);
      } catch (error) {
        // Whatever a target does to make a step impossible is its answer to that step; the run goes on.
        return unsent(error instanceof Error ? error.message : String(error));
      }
    },
    async identities(names) {
      const { root, admin, sut } = target.access;
      // Keys that were handed over stay where they are.
      const given = target.kind === "embedded" ? [] : [root?.id, admin?.id, sut?.id];
      return (await performer.identities(names)).filter(({ id }) => !given.includes(id));
    },
    async close() {
      await session.close();
      await network.close();
    },
  };
}

/** An answer without what the node held before. */
function leftOut(seen: Observation, before: Before, fitting: Fitting, step: VectorStep): Observation {
  if (isOfEveryone(step)) return { ...seen, value: null, sums: new Map(), partial: true };
  const { value, frames } = seen;
  const own = (one: Json) => fitting.answer(before.without(one));
  const left = value === undefined ? undefined : own(value);
  const rest = left !== undefined && addressOf(step) === HEADS ? before.counted(left) : left;
  return {
    ...seen,
    value: rest,
    partial: JSON.stringify(rest) !== JSON.stringify(value),
    frames: frames?.map((frame) => frame.data === undefined ? frame : { ...frame, data: own(frame.data) }),
  };
}

const HEADS = "GET /sync/v1/heads";
