/** The summary on the terminal: differences by class, worst first. */

import { visible } from "../src/report/escape.ts";
import { cut, wrap } from "../src/report/text.ts";
import { CLASSES } from "./finding.ts";
import type { Difference, DiffResult } from "./result.ts";

/** Lines of the summary; texts of the targets are made harmless. */
export function summaryLines(result: DiffResult, width: number): string[] {
  const { verdict, left, right, differences, seed, steps, planned } = result;
  const lines = [
    ...wrap(`${verdict.toUpperCase()}  ${visible(left.target)} against ${visible(right.target)}`, width),
    ...wrap(
      `seed ${seed}, ${steps} of ${planned} steps, ${result.names} names, ${result.renamed} of them renamed, ` +
        `${result.sent.differing} of ${result.sent.bytes} bytes sent differed`,
      width,
    ),
  ];
  if (result.reason !== undefined) lines.push(...wrap(visible(result.reason), width));
  for (const kind of CLASSES) {
    const inside = differences.filter((difference) => difference.class === kind);
    if (inside.length === 0) continue;
    lines.push("", `${kind} (${inside.length})`);
    for (const difference of inside) lines.push(...entry(difference, width));
  }
  if (result.notes.length > 0) lines.push("", ...result.notes.flatMap((note) => wrap(`note: ${visible(note)}`, width)));
  return lines;
}

function entry(difference: Difference, width: number): string[] {
  const { id, path, requirement, supports, first_step: step, count, left, right, also, minimal, origin } = difference;
  const { named_by: by, says } = difference;
  const law = requirement === undefined
    ? "no requirement known"
    : `${requirement}${namedText(by)}, ${sideText(supports)}`;
  const indent = "      ";
  const inner = Math.max(1, width - indent.length);
  const lines = [
    cut(`  ${id}  ${visible(path)}`, width),
    ...wrap(`${law}; first at step ${step} (${visible(origin)}), ${count} time${count === 1 ? "" : "s"}`, inner).map(
      (line) => indent + line,
    ),
    ...(says === undefined ? [] : wrap(`"${visible(says)}"`, inner).map((line) => indent + line)),
    cut(`${indent}left   ${visible(left)}`, width),
    cut(`${indent}right  ${visible(right)}`, width),
  ];
  if (also.length > 0) lines.push(cut(`${indent}also   ${also.map(visible).join("; ")}`, width));
  const shown = minimal === undefined
    ? "not shrunk"
    : `shown by ${minimal.steps} step${minimal.steps === 1 ? "" : "s"} (${visible(minimal.confidence)}${
      minimal.complete ? "" : ", not the shortest yet"
    }): ${minimal.file}`;
  lines.push(...wrap(shown, inner).map((line) => indent + line));
  return lines;
}

/** How sure the name of the requirement is. */
export function namedText(by: Difference["named_by"]): string {
  return by === "proposal" ? " (proposed, its wording is nearest)" : "";
}

/** The judgement in words. */
export function sideText(supports: Difference["supports"]): string {
  switch (supports) {
    case "left":
    case "right":
      return `the contract supports ${supports}`;
    case "both":
      return "the contract allows both";
    case "neither":
      return "the contract supports neither";
    case "undecided":
      return "it is undecided whom the contract supports";
  }
}
