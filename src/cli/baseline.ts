/** Known failures with reasons, and what a run says about them. */

import { parse } from "@std/yaml";
import { bounded, visible } from "../report/escape.ts";
import type { CaseResult } from "../report/results.ts";
import { UsageError } from "./parse.ts";

/** One known failure: a case, or every case of a requirement. */
export interface KnownFailure {
  readonly by: "case" | "requirement";
  readonly id: string;
  readonly reason: string;
}

/** An entry that is no longer true. */
export interface StaleEntry {
  readonly entry: KnownFailure;
  readonly why: string;
}

/** What a baseline says about a run. The verdict of the run never depends on it. */
export interface BaselineJudgement {
  /** Failed cases that are listed. */
  readonly known: readonly CaseResult[];
  /** Failed cases that are not. */
  readonly unknown: readonly CaseResult[];
  readonly stale: readonly StaleEntry[];
}

/** Larger files are no list of known failures. */
const MAX_BASELINE_CHARACTERS = 1_000_000;
const MAX_SHOWN = 80;

/**
 * Reads a baseline: a YAML list of `{case, reason}` or `{requirement, reason}`.
 *
 * @throws {UsageError} If the text is something else; the message is one line and names the entry.
 */
export function parseBaseline(text: string, file: string): KnownFailure[] {
  const wrong = (what: string): never => {
    throw new UsageError(`baseline ${visible(file)}: ${what}`);
  };
  if (text.length > MAX_BASELINE_CHARACTERS) wrong(`it is longer than ${MAX_BASELINE_CHARACTERS} characters`);
  const document = readYaml(text, wrong);
  if (!Array.isArray(document)) return wrong("it must be a list of {case, reason} or {requirement, reason}");
  const seen = new Set<string>();
  return document.map((value: unknown, index) => {
    const entry = readEntry(value, (what) => wrong(`entry ${index + 1} ${what}`));
    if (seen.has(`${entry.by} ${entry.id}`)) wrong(`entry ${index + 1} lists ${visible(entry.id)} again`);
    seen.add(`${entry.by} ${entry.id}`);
    return entry;
  });
}

/**
 * Compares a run with its baseline. A listed case that passes, no longer exists or fails in its set-up is stale; one
 * that was skipped or not selected says nothing.
 *
 * @param cases Results of the run.
 * @param existing Every case of the suites, selected or not.
 */
export function judgeBaseline(
  baseline: readonly KnownFailure[],
  cases: readonly CaseResult[],
  existing: readonly { readonly id: string; readonly requirement: string }[],
): BaselineJudgement {
  const failed = cases.filter(({ outcome }) => outcome === "fail");
  const isKnown = (result: CaseResult) => baseline.some((entry) => covers(entry, result));
  return {
    known: failed.filter(isKnown),
    unknown: failed.filter((result) => !isKnown(result)),
    stale: baseline.flatMap((entry) => {
      const why = staleness(entry, cases, existing);
      return why === undefined ? [] : [{ entry, why }];
    }),
  };
}

/** One line for each stale entry. */
export function staleLines(stale: readonly StaleEntry[]): string[] {
  return stale.map(({ entry, why }) =>
    `baseline: ${entry.by} ${visible(entry.id)} ${why} (listed because: ${visible(bounded(entry.reason, MAX_SHOWN))})`
  );
}

function staleness(
  entry: KnownFailure,
  cases: readonly CaseResult[],
  existing: readonly { readonly id: string; readonly requirement: string }[],
): string | undefined {
  if (!existing.some((one) => covers(entry, one))) return "no longer exists";
  const covered = cases.filter((result) => covers(entry, result));
  const broken = covered.find(({ outcome }) => outcome === "error");
  if (broken !== undefined) return `failed in its set-up: ${visible(bounded(broken.reason ?? broken.id, MAX_SHOWN))}`;
  const passed = covered.some(({ outcome }) => outcome === "pass");
  return passed && !covered.some(({ outcome }) => outcome === "fail") ? "passes" : undefined;
}

function covers(entry: KnownFailure, one: { readonly id: string; readonly requirement: string }): boolean {
  return entry.by === "case" ? one.id === entry.id : one.requirement === entry.id;
}

function readYaml(text: string, wrong: (what: string) => never): unknown {
  try {
    return parse(text) ?? [];
  } catch (error) {
    return wrong(`it is no YAML: ${visible((error instanceof Error ? error.message : "").split("\n", 1)[0] ?? "")}`);
  }
}

function readEntry(value: unknown, wrong: (what: string) => never): KnownFailure {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong("is no mapping");
  const fields = value as Record<string, unknown>;
  const foreign = Object.keys(fields).find((name) => !["case", "requirement", "reason"].includes(name));
  if (foreign !== undefined) wrong(`has the unknown member ${visible(foreign)}`);
  if ((fields.case === undefined) === (fields.requirement === undefined)) wrong("must have case or requirement");
  const by = fields.case === undefined ? "requirement" : "case";
  const id = fields[by];
  if (typeof id !== "string" || id === "") return wrong(`has a ${by} that is no text`);
  if (typeof fields.reason !== "string" || fields.reason.trim() === "") {
    return wrong(`(${visible(id)}) gives no reason`);
  }
  return { by, id, reason: fields.reason };
}
