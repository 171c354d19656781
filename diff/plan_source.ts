/** Where the sequence of a comparison comes from: drawn from a seed, or read from a file. */

import { type Options, UsageError } from "../src/cli/parse.ts";
import { readOptionFile } from "../src/cli/target_options.ts";
import { commonCast, commonOffer, readText } from "./contest.ts";
import { planOf } from "./export.ts";
import type { Plan } from "./plan.ts";
import { readProfile, type Weights } from "./profile.ts";
import { readOnly } from "./read_only.ts";
import type { Contestant, RunFrame } from "./side.ts";
import { makePlan, TEMPLATES } from "./traffic/mod.ts";

/** The plan of `--replay FILE`. @throws {UsageError} If the file is no recording and no vector. */
export async function readRecording(path: string): Promise<Plan> {
  const bytes = await readOptionFile("replay", path);
  try {
    return planOf(bytes).plan;
  } catch (error) {
    throw new UsageError(`--replay ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** A sequence is sent whole or not at all. @throws {UsageError} If it writes where nothing may be written. */
export function checkWrites({ steps, ...plan }: Plan, contestants: readonly Contestant[], source: string): void {
  const closed = contestants.find(({ target }) => !target.access.allowWrites);
  const writing = steps.length - readOnly({ ...plan, steps }).steps.length;
  if (closed === undefined || writing === 0) return;
  throw new UsageError(
    `diff: ${writing} of ${steps.length} steps of ${source} write, and a community log is for ever; ` +
      `--allow-writes sends them to ${closed.target.url}`,
  );
}

/** Weights of a profile file. @throws {UsageError} If it names traffic that does not exist. */
export async function weightsOf(options: Options): Promise<Weights> {
  const path = options.text("profile");
  if (path === undefined) return {};
  return readProfile(await readText("profile", path), path, TEMPLATES.map(({ name }) => name));
}

/** The plan both may be sent. */
export async function planFor(options: Options, frame: RunFrame, contestants: readonly Contestant[]): Promise<Plan> {
  const { offer } = commonOffer(contestants);
  const steps = options.number("steps") ?? 0;
  const plan = makePlan({
    seed: frame.seed,
    steps,
    offer,
    cast: commonCast(contestants),
    weights: await weightsOf(options),
  });
  return contestants.every(({ target }) => target.access.allowWrites) ? plan : readOnly(plan);
}
