/** `hearthproof soak merge DIR…`: one report of shards that made one run. */

import { type Options, UsageError } from "../src/cli/parse.ts";
import { quietPrinter } from "../src/cli/printer.ts";
import { join } from "node:path";
import { prepareFolder } from "../src/report/atomic.ts";
import { visible } from "../src/report/escape.ts";
import { folderDisk } from "./journal_disk.ts";
import { JOURNAL_DIR } from "./journal_restore.ts";
import { strayThresholds } from "./merge_thresholds.ts";
import { readWindows } from "./window_log.ts";
import { type MergedShard, mergeShards } from "./merge.ts";
import { presentReport } from "./outcome.ts";
import { plotsOf } from "./plots.ts";
import { isEmbeddedRun } from "./report_command.ts";
import { runOf } from "./run_folder.ts";
import type { RunConfig } from "./run_state.ts";
import type { SoakContext } from "./soak_command.ts";
import { DEFAULT_SOAK_DIR } from "./soak_options.ts";

/** What all shards of one run have in common. */
const COMMON = ["seed", "timeOrigin", "durationMs", "rateText", "nodeId"] as const;

/** Runs the command; returns the exit code of the merged verdict. */
export async function mergeCommand(paths: readonly string[], options: Options, context: SoakContext): Promise<number> {
  const json = options.flag("json");
  const printer = json ? quietPrinter(context.printer) : context.printer;
  const { shards, missing } = await readShards(paths);
  const folder = options.text("output-dir") ?? DEFAULT_SOAK_DIR;
  const own = await Deno.realPath(folder).catch(() => folder);
  for (const { path } of shards) {
    if (await Deno.realPath(path) === own) {
      throw new UsageError(`soak merge: ${folder} is one of the shards; name another --output-dir`);
    }
  }
  await prepareFolder(folder);
  for (const index of missing) printer.err(`Note: shard ${index} is missing.`);
  for (const { index, run } of shards) {
    if (run.cut !== undefined) printer.err(`Note: of the journal of shard ${index}, ${run.cut}.`);
  }
  for (const expression of strayThresholds(shards.map(({ run }) => run))) {
    printer.err(`Note: ${visible(expression)} is left out: not every shard has this threshold.`);
  }
  const report = mergeShards(shards, missing);
  return await presentReport(report, {
    plots: shards.flatMap(({ index, run }) => plotsOf(run.state, `shard ${index}`)),
    folder,
    printer,
    json: json ? (text) => context.printer.out(text) : undefined,
    embedded: shards.some(({ run }) => isEmbeddedRun(run.config)),
  });
}

/** @throws {UsageError} If the folders are not shards of one run, or one of them is named twice. */
async function readShards(
  paths: readonly string[],
): Promise<{ readonly shards: readonly MergedShard[]; readonly missing: readonly number[] }> {
  if (paths.length === 0) {
    throw new UsageError("soak merge: PATH is missing; name the output directories of all shards");
  }
  const shards: MergedShard[] = [];
  let first: { readonly path: string; readonly config: RunConfig } | undefined;
  for (const path of paths) {
    const run = await runOf("merge", path);
    const { shard } = run.config;
    if (shard === undefined) throw new UsageError(`soak merge: ${path} is no shard; it was run without --shard`);
    first ??= { path, config: run.config };
    const other = COMMON.find((name) => run.config[name] !== first?.config[name]);
    if (other !== undefined || shard.count !== first.config.shard?.count) {
      throw new UsageError(
        `soak merge: ${path} and ${first.path} are not of one run: ${other ?? "number of shards"} differs`,
      );
    }
    const known = shards.find(({ index }) => index === shard.index);
    if (known !== undefined) {
      throw new UsageError(`soak merge: ${path} and ${known.path} are both shard ${shard.index} of ${shard.count}`);
    }
    shards.push({ path, index: shard.index, run, windows: await readWindows(folderDisk(join(path, JOURNAL_DIR))) });
  }
  const count = first?.config.shard?.count ?? 0;
  const missing = Array.from({ length: count }, (_, place) => place + 1)
    .filter((index) => !shards.some((shard) => shard.index === index));
  return { shards, missing };
}
