/** What this node itself wrote into the log: how parts of it find their state again after a restart. */

import type { EventEnvelope } from "../protocol/mod.ts";
import type { NodeCore } from "./core.ts";

/** Own events of one type, in log order. The log is read only if it holds that type. */
export function ownEvents(
  { log, identity }: Pick<NodeCore, "log" | "identity">,
  eventType: string,
): readonly EventEnvelope[] {
  if (log.headsByType()[eventType] === undefined) return [];
  return log.since(0).filter((event) => event.event_type === eventType && event.author === identity.id);
}
