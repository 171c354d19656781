/** CSV of one series -> samples. */

import type { Sample } from "../src/stats/sample.ts";

/** A week sampled every second, with room. */
export const MAX_SAMPLES = 1_000_000;
/** No line of two numbers is longer. */
export const MAX_LINE_CHARACTERS = 1_000;
/** Largest file read, in bytes. */
export const MAX_CSV_BYTES = 100_000_000;
/** Larger values would overflow where they are squared. */
const MAX_SIZE = 1e100;
const MAX_SHOWN = 40;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A CSV that is no series; the message is one line and names the line of the file. */
export class SeriesCsvError extends Error {
  override readonly name = "SeriesCsvError";
}

/** A series with the names its header gives, if it has one. */
export interface CsvSeries {
  readonly name: string | undefined;
  readonly samples: readonly Sample[];
}

/**
 * Reads two columns, time in seconds and value, separated by comma, semicolon or tab. A first line that does not begin
 * with a number is the header; its second cell names the series. Empty lines and lines that begin with `#` are left out.
 *
 * @throws {SeriesCsvError} If a line is something else, times go back, or there are too many samples.
 */
export function parseSeriesCsv(text: string): CsvSeries {
  const samples: Sample[] = [];
  let name: string | undefined;
  let headed = false;
  let number = 0;
  for (const raw of linesOf(text)) {
    number++;
    const wrong = (what: string): never => {
      throw new SeriesCsvError(`line ${number}: ${what}`);
    };
    if (raw.length > MAX_LINE_CHARACTERS) wrong(`it is longer than ${MAX_LINE_CHARACTERS} characters`);
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const cells = line.split(/[,;\t]/).map(unquoted);
    if (cells.length !== 2) {
      wrong(`it must have two columns, time in seconds and value, current number is ${cells.length}`);
    }
    const [time = "", value = ""] = cells;
    if (samples.length === 0 && !headed && !NUMBER.test(time)) {
      headed = true;
      name = value;
      continue;
    }
    if (samples.length >= MAX_SAMPLES) wrong(`there are more than ${MAX_SAMPLES} samples`);
    const t_s = numberOf(time) ?? wrong(`the time must be a number of seconds, current value is "${shown(time)}"`);
    const last = samples[samples.length - 1]?.t_s;
    if (last !== undefined && t_s < last) wrong(`times must not go back, current time is ${t_s} after ${last}`);
    samples.push({
      t_s,
      value: numberOf(value) ?? wrong(`the value must be a number, current value is "${shown(value)}"`),
    });
  }
  if (samples.length === 0) throw new SeriesCsvError("there are no samples");
  return { name: name === "" ? undefined : name, samples };
}

/** Lines one by one: a file of many megabytes is not held twice. */
function* linesOf(text: string): Generator<string> {
  let from = text.startsWith("\uFEFF") ? 1 : 0;
  while (from <= text.length) {
    const end = text.indexOf("\n", from);
    yield text.slice(from, end < 0 ? undefined : end);
    if (end < 0) return;
    from = end + 1;
  }
}

function unquoted(cell: string): string {
  const inner = cell.trim();
  return inner.length >= 2 && inner.startsWith('"') && inner.endsWith('"') ? inner.slice(1, -1) : inner;
}

function numberOf(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : NaN;
  return Math.abs(value) <= MAX_SIZE ? value : undefined;
}

function shown(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
