/** Statistics of a soak: what happened, whether it drifts, and how sure that is. Pure. */

export * from "./growing_counter.ts";
export * from "./interval_set.ts";
export * from "./judge_series.ts";
export * from "./latency_histogram.ts";
export * from "./quantile.ts";
export * from "./sample.ts";
export * from "./series_report.ts";
export * from "./sliding_slots.ts";
export * from "./threshold.ts";
export * from "./threshold_judge.ts";
