/** Topics fed from the log. wire-format.md section 13; wire-format-services.md section 10. */

import type { NodeCore } from "../core.ts";
import type { CommunityLog } from "./event_log.ts";

/** Publishes every stored event that has a topic, own and received ones alike, once it is on disk. */
export function publishEvents(core: Pick<NodeCore, "rules" | "topics">, log: CommunityLog): void {
  log.subscribe((event) => {
    if (!log.views.announces(event)) return;
    for (const { topic, payload } of core.rules.topicsOf(event)) core.topics.publish(topic, payload);
  });
}
