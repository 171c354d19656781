/** Reading `GET /metrics`: the Prometheus text exposition format, strictly enough to find what breaks it. X03 §4.3. */

/** One sample line. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** What a text holds. */
export interface Exposition {
  readonly samples: readonly Sample[];
  /** Declared types by family. */
  readonly types: ReadonlyMap<string, string>;
  /** What is wrong with it, first things first. */
  readonly problems: readonly string[];
}

/** Types of the format and of OpenMetrics. */
const TYPES: readonly string[] = [
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "untyped",
  "unknown",
  "info",
  "stateset",
];
/** Endings that samples of a family may have, by its type; families of other types have none. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  counter: ["", "_total", "_created"],
  histogram: ["_bucket", "_sum", "_count", "_created", ""],
  gaugehistogram: ["_bucket", "_gsum", "_gcount"],
  summary: ["", "_sum", "_count", "_created"],
  info: ["_info"],
};
const COMMENT = /^#(?:\s*$|\s*EOF\s*$|\s+(\w+)\s*(.*)$)/;
const TYPE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s+(\w+)\s*$/;
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)$/;
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\[\\"n])*)"\s*(,|$)/;
/** Value, then perhaps a timestamp; OpenMetrics exemplars are passed over. */
const TAIL = /^\s*(\S+)(?:\s+[+-]?[\d.]+)?(?:\s+#.*)?\s*$/;

/** Reads a text; what is not a sample, a comment or an empty line becomes a problem. */
export function readExposition(text: string): Exposition {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  const problems: string[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    if (line.startsWith("#")) {
      const problem = readComment(line, types);
      if (problem !== undefined) problems.push(`line ${i + 1}: ${problem}`);
      continue;
    }
    const sample = readSample(line);
    if (sample === undefined) problems.push(`line ${i + 1} is no sample: ${line.slice(0, 120)}`);
    else samples.push(sample);
  }
  for (const [family, type] of types) {
    const problem = typeProblem(family, type, samples, types);
    if (problem !== undefined) problems.push(problem);
  }
  return { samples, types, problems };
}

function readComment(line: string, types: Map<string, string>): string | undefined {
  const [, keyword, rest = ""] = COMMENT.exec(line) ?? [];
  if (keyword !== "TYPE") return undefined;
  const [, family = "", type = ""] = TYPE.exec(rest) ?? [];
  if (!TYPES.includes(type)) return `TYPE names no known type: ${line.slice(0, 120)}`;
  if (types.has(family)) return `a second TYPE for ${family}`;
  types.set(family, type);
  return undefined;
}

function readSample(line: string): Sample | undefined {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return undefined;
  let rest = line.slice(name.length);
  const labels = new Map<string, string>();
  if (rest.startsWith("{")) {
    const read = readLabels(rest.slice(1), labels);
    if (read === undefined) return undefined;
    rest = read;
  }
  const value = TAIL.exec(rest)?.[1];
  if (value === undefined || !NUMBER.test(value)) return undefined;
  return { name, labels, value: Number(value.replace("Inf", "Infinity")) };
}

/** Fills the labels; what follows the closing brace, or undefined if they are malformed. */
function readLabels(text: string, labels: Map<string, string>): string | undefined {
  let rest = text;
  while (!/^\s*\}/.test(rest)) {
    const end = closing(rest);
    const [whole, name, value = "", comma] = LABEL.exec(rest.slice(0, end)) ?? [];
    if (whole === undefined || name === undefined || labels.has(name)) return undefined;
    labels.set(name, value.replace(/\\(.)/g, (_, escaped) => escaped === "n" ? "\n" : escaped));
    rest = rest.slice(whole.length);
    if (comma !== "," && !/^\s*\}/.test(rest)) return undefined;
  }
  return rest.slice(rest.indexOf("}") + 1);
}

/** Where the labels end: the first brace outside of quotes, or the end of the text. */
function closing(text: string): number {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (text[i] === "}" && !quoted) return i;
  }
  return text.length;
}

function typeProblem(
  family: string,
  type: string,
  samples: readonly Sample[],
  types: ReadonlyMap<string, string>,
): string | undefined {
  const endings = ENDINGS[type] ?? [""];
  const owned = samples.filter(({ name }) => name === family || ownedBy(family, name, types));
  const odd = owned.find(({ name }) => !endings.includes(name.slice(family.length)));
  if (odd !== undefined) return `${family} is of type ${type} and has a sample ${odd.name}`;
  const bare = owned.find(({ name, labels }) =>
    type === "histogram" && name === family && !labels.has("quantile") && !labels.has("le")
  );
  return bare === undefined ? undefined : `${family} is of type histogram and has a bare sample`;
}

/** Whether a sample belongs to a family by its ending, and to no other by its whole name. */
function ownedBy(family: string, name: string, types: ReadonlyMap<string, string>): boolean {
  if (!name.startsWith(`${family}_`) || types.has(name)) return false;
  return /^_(?:bucket|sum|count|total|created|info|gsum|gcount)$/.test(name.slice(family.length));
}

/** Sum over the samples of a name that carry all the labels; 0 where there are none. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return samples
    .filter((sample) => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels.get(k) === v))
    .reduce((sum, { value }) => sum + value, 0);
}
