/** An event as the log keeps it. */

import type { EventEnvelope } from "../../protocol/mod.ts";

export interface LoggedEvent {
  readonly event: EventEnvelope;
  /** Position of arrival in this node's log, from 1; plays no part in views. */
  readonly arrival: number;
}

/** The post a market event is about; other events have no subject. */
export function subjectOf({ event_type, event_id, data }: EventEnvelope): string | undefined {
  if (!event_type.startsWith("market.post.")) return undefined;
  if (event_type === "market.post.created") return event_id;
  return typeof data["target_event_id"] === "string" ? data["target_event_id"] : undefined;
}
