/** An event as the log keeps it. */

import type { EventEnvelope } from "../../protocol/mod.ts";

export interface LoggedEvent {
  readonly event: EventEnvelope;
  /** Position of arrival in this node's log, from 1; plays no part in views. */
  readonly arrival: number;
}
