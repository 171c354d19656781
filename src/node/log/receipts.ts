/** Delivery receipts for messages addressed to the node. M10 §4.2; wire-format-services.md section 4. */

import type { EventEnvelope } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";
import type { CommunityLog } from "./event_log.ts";

/**
 * Writes `chat.message.delivered` for every message that reaches the node's log, once per message, and for those a
 * killed process stored without acknowledging them.
 */
export function acknowledgeMessages(
  core: Pick<NodeCore, "rules" | "identity" | "clock">,
  log: CommunityLog,
): void {
  const self = core.identity.id;
  const acknowledge = (event: Pick<EventEnvelope, "event_id">, recipient: string) => {
    const before = log.views.chat.acknowledgements(event.event_id);
    if (!core.rules.acknowledges(recipient, self, before)) return;
    log.append("chat.message.delivered", {
      target_event_id: event.event_id,
      delivered_at: core.rules.eventWallClock(core.clock.wall()),
    });
  };
  for (const message of log.views.chat.messages()) acknowledge(message, message.to);
  log.subscribe((event) => {
    const { recipient } = event.data;
    if (event.event_type === "chat.message.sent" && typeof recipient === "string") acknowledge(event, recipient);
  });
}
