/** Faults of the metrics as changes of their text: what a node with wrong counters would show. */

import type { OutboundAnswer, Overrides } from "../fault.ts";

/** One sample of the exposition. */
export interface Sample {
  readonly name: string;
  /** Labels without braces, `a="b",c="d"`. */
  readonly labels: string;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const ROUTE = "/metrics";

/** A sample as a line. */
export function sampleLine({ name, labels, value }: Sample): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${value}`;
}

/** Samples of a text; comments are left out. */
export function samplesOf(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels, value: Number(value) }];
  });
}

/** Changes every sample of the families whose name starts with `family`; undefined takes it away. */
export function metric(
  family: string,
  change: (sample: Sample, all: readonly Sample[], answer: OutboundAnswer) => Sample | undefined,
): NonNullable<Overrides["outbound"]> {
  return (answer) => {
    if (answer.route !== ROUTE || typeof answer.body !== "string") return answer;
    const all = samplesOf(answer.body);
    const lines = answer.body.split("\n").flatMap((line) => {
      const [sample] = samplesOf(line);
      if (sample === undefined || !sample.name.startsWith(family)) return [line];
      const changed = change(sample, all, answer);
      return changed === undefined ? [] : [sampleLine(changed)];
    });
    return { ...answer, body: lines.join("\n") };
  };
}
