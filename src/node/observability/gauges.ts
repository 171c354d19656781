/** Gauges that are read from the node's state when metrics are rendered (wire-format.md section 18). */

import type { Metrics, NodeCore } from "../core.ts";

const EMERGENCY_STATES: readonly string[] = ["online", "degraded", "offline"];

/** Sets the gauges of log, blobs, peers and emergency mode. */
export function readGauges(core: NodeCore, metrics: Metrics): void {
  const community = core.communityId;
  metrics.gauge("hearthnet_nodes_online", { community }, core.rules.nodesOnline(core));
  metrics.gauge("hearthnet_event_log_size", { community }, core.log.count());
  metrics.gauge("hearthnet_event_log_lamport_head", { community }, core.log.head());
  metrics.gauge("hearthnet_blob_storage_bytes", {}, core.blobs.usedBytes());
  for (const state of EMERGENCY_STATES) {
    metrics.gauge("hearthnet_emergency_mode", { state }, state === core.emergency.mode ? 1 : 0);
  }
}
