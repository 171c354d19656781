/** One run of a case in a selftest: against which node, and how it must end. */

import type { ProvableCase } from "./select.ts";

/** What the node of a job is: `embedded` in a thread of this process, `process` a child of this program. */
export type Host = "embedded" | "process";

/** Which node a job needs. Names that belong to the reporter are given to the reporter of the job instead. */
export interface JobNode {
  readonly faults: readonly string[];
  readonly variants: readonly string[];
  readonly host: Host;
}

/** See the module comment. */
export interface Job extends JobNode {
  readonly planned: ProvableCase;
  /** `sound`, the name of the fault, or `variant NAME`. */
  readonly label: string;
  readonly mustFail: boolean;
}

/** How the job on the sound node is named. */
export const SOUND = "sound";

/** Jobs with one key can share a node set-up. */
export function nodeKey({ faults, variants, host }: JobNode): string {
  return `${host}|${faults.join(",")}|${variants.join(",")}`;
}

/** Sound readings a case is run against: all of them in this process, those of its own area on child processes. */
export function variantsFor(
  { definition, section }: ProvableCase,
  variants: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  if (definition.hostedBy !== "process") return Object.values(variants).flat();
  const areas = section.split("/");
  return Object.entries(variants).flatMap(([area, names]) => areas.includes(area) ? names : []);
}

/**
 * Every run that proves a case.
 *
 * @param variants names of the sound variants by area.
 */
export function jobsOf(planned: ProvableCase, variants: Readonly<Record<string, readonly string[]>>): readonly Job[] {
  const host: Host = planned.definition.hostedBy ?? "embedded";
  return [
    { planned, host, faults: [], variants: [], label: SOUND, mustFail: false },
    ...planned.definition.brokenBy.map((fault): Job => ({
      planned,
      host,
      faults: [fault],
      variants: [],
      label: fault,
      mustFail: true,
    })),
    ...variantsFor(planned, variants).map((variant): Job => ({
      planned,
      host,
      faults: [],
      variants: [variant],
      label: `variant ${variant}`,
      mustFail: false,
    })),
  ];
}
