/** `hearthproof soak judge FILE.csv`: the verdict of a soak on any series. */

import { EXIT, type ExitCode } from "../src/cli/exit_code.ts";
import { type Options, UsageError } from "../src/cli/parse.ts";
import type { Printer } from "../src/cli/printer.ts";
import { visible } from "../src/report/escape.ts";
import { judgeSeries, type SeriesVerdict, waitText } from "../src/stats/judge_series.ts";
import type { Excluded } from "../src/stats/sample.ts";
import { type SeriesReport, seriesReport } from "../src/stats/series_report.ts";
import { MAX_CSV_BYTES, parseSeriesCsv, SeriesCsvError } from "./series_csv.ts";

const MS_PER_S = 1000;
const PERCENT = 100;

const EXIT_OF: Readonly<Record<SeriesVerdict["verdict"], ExitCode>> = {
  stable: EXIT.clean,
  drifting: EXIT.violations,
  inconclusive: EXIT.inconclusive,
};

/**
 * Judges the series of a file and prints the verdict, with `--json` as one object of `series` and nothing else.
 *
 * @throws {UsageError} If an option is wrong, or the file cannot be read or is no series.
 */
export async function judgeCommand(file: string, options: Options, printer: Printer): Promise<ExitCode> {
  const excluded = options.list("exclude").map(readWindow);
  const text = await readCsv(file);
  const { name, samples } = asUsage(file, () => parseSeriesCsv(text));
  const [limit, percent, warmUp] = ["limit", "limit-percent", "warm-up"].map((option) => options.number(option));
  const verdict = judgeSeries(samples, {
    excluded,
    ...(limit === undefined ? {} : { limitPerHour: limit }),
    ...(percent === undefined ? {} : { limitShare: percent / PERCENT }),
    ...(warmUp === undefined ? {} : { warmUpEnd: (samples[0]?.t_s ?? 0) + warmUp / MS_PER_S }),
  });
  const report = seriesReport(verdict, {
    name: options.text("name") ?? name ?? file.split("/").pop() ?? file,
    unit: options.text("unit") ?? "",
  });
  if (options.flag("json")) printer.out(JSON.stringify(report));
  else for (const line of verdictLines(report)) printer.out(line);
  return EXIT_OF[verdict.verdict];
}

/** A verdict for people. */
export function verdictLines(report: SeriesReport): string[] {
  const unit = report.unit === "" ? "" : ` ${visible(report.unit)}`;
  const number = (value: number | null) => value === null ? "unknown" : String(Number(value.toPrecision(4)));
  const lines = [
    `${report.verdict}: ${visible(report.name)}`,
    `  why       ${report.reason}`,
    `  slope     ${number(report.slope_per_hour)}${unit}/h, interval ${number(report.interval[0])} to ${
      number(report.interval[1])
    } (${number(PERCENT * (1 - report.alpha))}%)`,
    `  limit     ${number(report.limit_per_hour)}${unit}/h; smallest slope this series could show ${
      number(report.minimum_detectable_slope_per_hour)
    }${unit}/h`,
    `  judged    ${report.samples} samples${spanText(report)}; ${report.method}`,
  ];
  for (const { from, to, why } of report.excluded) {
    lines.push(`  left out  ${number(from)} s to ${number(to)} s: ${why}`);
  }
  for (const { t_s, p } of report.change_points) {
    lines.push(`  change    at ${number(t_s)} s${p === null ? " (fitted)" : `, p ${p.toPrecision(2)}`}`);
  }
  if (report.longer_s !== null) {
    lines.push(`  longer    about ${waitText(report.longer_s)} more`);
  }
  return lines;
}

/** Over which time; times in milliseconds are seen by it. */
function spanText({ line: [from, to] }: SeriesReport): string {
  return from === undefined || to === undefined ? "" : ` over ${waitText(to.t_s - from.t_s)}`;
}

async function readCsv(file: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(file);
    if (!isFile) throw new UsageError(`soak judge ${visible(file)}: not a file`);
    if (size > MAX_CSV_BYTES) {
      throw new UsageError(`soak judge ${visible(file)}: larger than ${MAX_CSV_BYTES} bytes`);
    }
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const why = error instanceof Deno.errors.NotFound ? "no such file" : error instanceof Error ? error.message : error;
    throw new UsageError(`soak judge ${visible(file)}: cannot be read: ${why}`);
  }
}

function asUsage<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SeriesCsvError)) throw error;
    throw new UsageError(`soak judge ${visible(file)}: ${visible(error.message)}`);
  }
}

function readWindow(text: string): Excluded {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || !(from <= to)) {
    throw new UsageError(`soak judge: --exclude must be FROM-TO in seconds, current value is "${visible(text)}"`);
  }
  return { from, to, why: "declared" };
}
