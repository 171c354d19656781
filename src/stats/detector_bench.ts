/** The table of the detector: 1,000 generated series of each kind, one hour sampled every 5 s. Minutes, not seconds. */

import { Random } from "../protocol/mod.ts";
import { measure, tableLines, TRIALS } from "./detector_trial.ts";
import { judgeSeries } from "./judge_series.ts";
import { HEALTHY, series } from "./synthetic.ts";

const SERIES_PER_KIND = 1000;
const SEED = 0xC0FFEE;

const rows = TRIALS.map((trial) => measure(trial, SERIES_PER_KIND, SEED));
// deno-lint-ignore no-console
for (const line of tableLines(rows)) console.log(line);

for (const kind of HEALTHY) {
  const samples = series(kind.make(new Random(SEED, kind.name)));
  Deno.bench(`judge one hour: ${kind.name}`, () => {
    judgeSeries(samples);
  });
}
