/** Calls that write one event each: a repeat by the same caller gives the first result, also after a restart. */

import type { EventEnvelope, JsonObject } from "../../protocol/mod.ts";
import type { Call, NodeCore } from "../core.ts";
import { communityLog } from "../log/mod.ts";
import { onBehalfOf } from "./describe.ts";

/** The event an earlier call of this caller made with the same `client_id`. */
export function earlierEvent(core: NodeCore, call: Call, eventType: string): EventEnvelope | undefined {
  const key = core.rules.requestKey(call.capability, call.input);
  return key === undefined ? undefined : communityLog(core).byRequest(eventType, call.caller, key);
}

/**
 * The event of a call: the earlier one, or a new one with the data given. Between the look and the append nothing else
 * runs, so parallel repeats make one event.
 */
export async function writeOnce(
  core: NodeCore,
  call: Call,
  eventType: string,
  data: () => JsonObject,
): Promise<EventEnvelope> {
  const earlier = earlierEvent(core, call, eventType);
  if (earlier !== undefined) return repeated(core, call, earlier);
  if (core.rules.beforeAppend !== undefined) await core.rules.beforeAppend(core.clock);
  return core.log.append(eventType, data(), onBehalfOf(call));
}

/** An earlier event as the answer to a repeat. */
export function repeated(core: NodeCore, call: Call, earlier: EventEnvelope): EventEnvelope {
  core.rules.onRepeat?.((type, data) => void core.log.append(type, data, onBehalfOf(call)), earlier, call.input);
  return earlier;
}
