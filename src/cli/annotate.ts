/** `--annotate`: failures as workflow commands, which GitHub Actions shows beside the run. */

import { isObject, type Json, type JsonObject, tryParseJson } from "../protocol/mod.ts";
import { bounded } from "../report/escape.ts";
import { VERDICT_FILES } from "./common_options.ts";

/** GitHub shows ten errors and ten warnings of a step and drops the others; the last one tells how many. */
const MAX_OF_KIND = 10;
const MAX_TITLE = 200;
const MAX_MESSAGE = 1000;

/** What the annotation is. */
export type AnnotationKind = "error" | "warning" | "notice";

/** One annotation; the texts may hold anything a target said. */
export interface Annotation {
  readonly kind: AnnotationKind;
  readonly title: string;
  readonly message: string;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** `::error title=TITLE::MESSAGE`, with everything escaped that would end a part of it. */
export function workflowCommand({ kind, title, message }: Annotation): string {
  const lines = message.split("\n").map((line) => bounded(line, MAX_MESSAGE)).join("\n");
  return `::${kind} title=${property(bounded(title, MAX_TITLE))}::${data(lines)}`;
}

/** At most ten of a kind; what is left out is counted in the last. */
export function annotationLines(annotations: readonly Annotation[]): string[] {
  return (["error", "warning", "notice"] as const).flatMap((kind) => {
    const all = annotations.filter((annotation) => annotation.kind === kind);
    if (all.length <= MAX_OF_KIND) return all.map(workflowCommand);
    const left = all.length - MAX_OF_KIND + 1;
    const rest = { kind, title: "hearthproof", message: `and ${left} more; the report lists them all` };
    return [...all.slice(0, MAX_OF_KIND - 1), rest].map(workflowCommand);
  });
}

/** Annotations of a report of run, soak or diff; none if all is well. */
export function annotationsOf(report: Json | undefined): Annotation[] {
  if (!isObject(report)) return [];
  switch (report.schema) {
    case "hearthproof.report/1":
      return runAnnotations(report);
    case "hearthproof.soak/1":
      return soakAnnotations(report);
    case "hearthproof.diff/1":
      return diffAnnotations(report);
    default:
      return [];
  }
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function runAnnotations(report: JsonObject): Annotation[] {
  const sections = isObject(report.sections) ? Object.values(report.sections).filter(isObject) : [];
  return sections.flatMap((section) => [
    ...objects(section.failures).map((failure): Annotation => ({
      kind: failure.level === "MUST" ? "error" : "warning",
      title: `${failure.requirement} ${failure.test}`,
      message:
        `expected ${failure.expected}, observed ${failure.observed} (${failure.spec_ref})\n${failure.reproduction}`,
    })),
    ...objects(section.warnings).map((warning): Annotation => ({
      kind: "warning",
      title: `${warning.requirement ?? section.name} ${warning.test ?? ""}`.trim(),
      message: `expected ${warning.expected}, observed ${warning.observed}`,
    })),
  ]);
}

function soakAnnotations({ verdict, series, thresholds, events }: JsonObject): Annotation[] {
  if (verdict === "stable") return [];
  const bad = objects(series).filter((one) => one.verdict === "drifting" || one.verdict === "violated");
  const broken = objects(thresholds).filter((one) => one.verdict === "violated");
  const lost = isObject(events) ? ["lost", "duplicated", "reordered"].filter((name) => Number(events[name]) > 0) : [];
  const kind = verdict === "drifting" || verdict === "violated" ? "error" : "warning";
  return [
    { kind, title: "hearthproof soak", message: `verdict ${verdict}` },
    ...bad.map((one): Annotation => ({
      kind: "error",
      title: `soak ${one.name}`,
      message: `${one.verdict}: ${one.slope_per_hour} ${one.unit} per hour, limit ${one.limit_per_hour}`,
    })),
    ...broken.map((one): Annotation => ({
      kind: "error",
      title: "soak threshold",
      message: `broken: ${one.expression}`,
    })),
    ...lost.map((name): Annotation => ({
      kind: "error",
      title: "soak events",
      message: `${isObject(events) ? events[name] : ""} ${name}`,
    })),
  ];
}

function diffAnnotations({ verdict, differences }: JsonObject): Annotation[] {
  if (verdict === "inconclusive") {
    return [{ kind: "warning", title: "hearthproof diff", message: "verdict inconclusive" }];
  }
  return objects(differences).map((one): Annotation => ({
    kind: "error",
    title: `diff ${one.id} ${one.path}`,
    message: `${one.class} difference: left ${JSON.stringify(one.left)}, right ${JSON.stringify(one.right)}` +
      (typeof one.requirement === "string" ? ` (${one.requirement})` : ""),
  }));
}

/** Lines for the report a command has just written; none if there is no such file. */
export async function annotateFolder(command: string, folder: string): Promise<string[]> {
  const name = VERDICT_FILES[command];
  if (name === undefined) return [];
  try {
    return annotationLines(annotationsOf(tryParseJson(await Deno.readFile(`${folder}/${name}`))));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
