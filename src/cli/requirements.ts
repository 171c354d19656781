/** `hearthproof requirements`: every requirement of the catalogue and what judges it. */

import type { JsonObject } from "../protocol/mod.ts";
import { bounded, visible } from "../report/escape.ts";
import { pad } from "../report/text.ts";
import { selects } from "../runner/select.ts";
import { EXIT } from "./exit_code.ts";
import type { Options } from "./parse.ts";
import type { Printer } from "./printer.ts";

/** What is read of a requirement of the catalogue. */
export interface ListedRequirement {
  readonly id: string;
  readonly section: string;
  readonly level: string;
  readonly ref: string;
  readonly says: string;
  /** Words of what a case has to be given, as the catalogue writes them. */
  readonly needs?: readonly string[];
}

/** What the list is made from. */
export interface RequirementSources {
  readonly requirements: readonly ListedRequirement[];
  /** Requirements that cannot be judged over the wire. */
  readonly notJudged: readonly { readonly id: string; readonly reason: string }[];
  /** Every case of the suites. */
  readonly cases: readonly { readonly id: string; readonly requirement: string }[];
}

/** How a requirement is covered: cases, a reason why it cannot be judged, or nothing yet. */
export interface Coverage extends ListedRequirement {
  readonly cases: readonly string[];
  readonly reason?: string;
}

const ID_WIDTH = 9;
const LEVEL_WIDTH = 8;
const SECTION_WIDTH = 36;
const MAX_REASON = 200;
/** What stands for a requirement without case and without reason. */
export const NO_SUITE = "no suite in this version";

/** Coverage of the requirements whose section or id matches a filter, as in `--suite-filter`; all without one. */
export function coverage(sources: RequirementSources, sections: readonly string[]): Coverage[] {
  const reasons = new Map(sources.notJudged.map(({ id, reason }) => [id, reason]));
  const cases = new Map<string, string[]>();
  for (const { id, requirement } of sources.cases) cases.set(requirement, [...cases.get(requirement) ?? [], id]);
  return sources.requirements
    .filter(({ id, section }) =>
      sections.length === 0 || sections.some((glob) => selects(glob, { id: section, requirement: id }))
    )
    .map(({ id, section, level, ref, says, needs = [] }) => {
      const reason = reasons.get(id);
      const own = (cases.get(id) ?? []).sort();
      return { id, section, level, ref, says, needs, cases: own, ...(reason === undefined ? {} : { reason }) };
    });
}

/** Runs the command; returns the exit code. */
export function requirementsCommand(options: Options, printer: Printer, sources: RequirementSources): number {
  const rows = coverage(sources, options.list("section"));
  if (options.flag("json")) printer.out(JSON.stringify(requirementsJson(rows)));
  else printRequirements(rows, printer);
  return EXIT.clean;
}

/** Prints one line for each requirement (a further one for each further case) and the totals in the last. */
export function printRequirements(rows: readonly Coverage[], printer: Printer): void {
  for (const row of rows) {
    const head = pad(row.id, ID_WIDTH) + pad(row.level, LEVEL_WIDTH) + pad(row.section, SECTION_WIDTH);
    const [first, ...more] = row.cases.length > 0 ? row.cases : [uncovered(row)];
    printer.out(head + visible(first ?? ""));
    for (const id of more) printer.out(" ".repeat(ID_WIDTH + LEVEL_WIDTH + SECTION_WIDTH) + visible(id));
  }
  printer.out(totalsLine(rows));
}

/** `1243 requirements: 900 with a case, 43 not judged over the wire, 300 with no suite in this version`. */
export function totalsLine(rows: readonly Coverage[]): string {
  const { total, with_case, not_judged, no_suite } = totals(rows);
  return `${total} ${
    total === 1 ? "requirement" : "requirements"
  }: ${with_case} with a case, ${not_judged} not judged over the wire, ` +
    `${no_suite} with ${NO_SUITE}`;
}

/** The same as one JSON object. */
export function requirementsJson(rows: readonly Coverage[]): JsonObject {
  return {
    schema: "hearthproof.requirements/1",
    requirements: rows.map(({ id, section, level, ref, says, needs = [], cases, reason }) => ({
      id,
      section,
      level,
      ref,
      says,
      needs: [...needs],
      cases: [...cases],
      reason: cases.length > 0 ? null : reason ?? NO_SUITE,
    })),
    totals: totals(rows),
  };
}

function uncovered({ reason }: Coverage): string {
  return reason === undefined ? NO_SUITE : `not judged: ${bounded(reason, MAX_REASON)}`;
}

function totals(rows: readonly Coverage[]) {
  const with_case = rows.filter(({ cases }) => cases.length > 0).length;
  const not_judged = rows.filter(({ cases, reason }) => cases.length === 0 && reason !== undefined).length;
  return { total: rows.length, with_case, not_judged, no_suite: rows.length - with_case - not_judged };
}
