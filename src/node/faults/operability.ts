/** Faults of the reference node: operability. */

import { operabilityMetricFaults } from "./operability_metrics.ts";
import { operabilityRestartFaults } from "./operability_restart.ts";
import { operabilityStopFaults } from "./operability_stop.ts";
import { operabilityWatchFaults } from "./operability_watch.ts";

export const operabilityFaults = {
  ...operabilityStopFaults,
  ...operabilityRestartFaults,
  ...operabilityMetricFaults,
  ...operabilityWatchFaults,
} as const;
