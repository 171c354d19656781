/** What is written down about a call: counters, duration, open streams and the trace (wire-format.md section 18). */

import type { CallEnvelope } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";

/** Result under which a call is booked whose caller went away; the bus says the same of it. */
export const ABANDONED = "timeout";

/** Open streams by capability. One per node. */
export class OpenStreams {
  readonly #open = new Map<string, number>();

  change(core: NodeCore, capability: string, by: 1 | -1): void {
    const now = this.#open.get(capability) ?? 0;
    const open = by === 1 ? now + 1 : core.rules.streamsAfterEnd(now);
    this.#open.set(capability, open);
    core.metrics.gauge("hearthnet_active_streams", { capability }, open);
  }
}

/** Books one call; `finish` is called once with `ok` or the error code. */
export class CallAccount {
  readonly #startedAt: number;
  #done = false;
  #streaming = false;

  constructor(
    private readonly core: NodeCore,
    private readonly streams: OpenStreams,
    private readonly envelope: Omit<CallEnvelope, "body">,
    private readonly bytesIn: number,
  ) {
    this.#startedAt = core.clock.mono();
  }

  streamOpened(): void {
    this.#streaming = true;
    this.streams.change(this.core, this.envelope.capability, 1);
  }

  finish(result: string, bytesOut = 0): void {
    if (this.#done) return;
    this.#done = true;
    const { core, envelope } = this;
    const { capability } = envelope;
    const ms = core.clock.mono() - this.#startedAt;
    if (this.#streaming) this.streams.change(core, capability, -1);
    core.metrics.count("hearthnet_requests_total", { capability, result });
    core.metrics.observe("hearthnet_request_duration_ms", { capability }, ms);
    core.logger.log("info", "bus", "call finished", {
      ...core.rules.logsTraceIds ? { trace_id: envelope.request_id } : {},
      capability,
      result,
      ms: Math.round(ms),
    });
    core.traces.add(
      core.rules.tracedCall({
        trace_id: core.rules.traceId(envelope.request_id),
        ts: new Date(core.clock.wall()).toISOString(),
        capability,
        version: envelope.version,
        from_node: envelope.from,
        to_node: core.identity.id,
        is_local: true,
        result,
        ms: Math.round(ms),
        tokens_in: 0,
        tokens_out: 0,
        bytes_in: this.bytesIn,
        bytes_out: bytesOut,
      }),
    );
  }
}
