/** The emergency mode: whether the internet can be reached. M09 §4, §5; wire-format.md section 18. */

import type { NodeCore, NodeOptions } from "../core.ts";
import type { EmergencyState } from "../rules/operability.ts";

/** How many addresses are tried (M09 §3), and how many failures mean that the internet is gone. */
const PROBES = 4;
const OFFLINE_FAILURES = 2;

type Core = Pick<NodeCore, "rules" | "clock" | "stopping" | "manifest" | "topics" | "logger">;

/** Follows the internet from outside of all requests; a node that was given no way to look at it is online. */
export class Emergency {
  #mode: EmergencyState = "online";
  /** What was seen last, and since when without a break. */
  #seen: EmergencyState = "online";
  #since: number;

  constructor(private readonly core: Core, private readonly internet: NodeOptions["internet"]) {
    this.#since = core.clock.mono();
  }

  get mode(): EmergencyState {
    return this.#mode;
  }

  /** Looks again and again until the node stops. */
  async watch(): Promise<void> {
    if (this.internet === undefined) return;
    try {
      for (;;) {
        await this.core.clock.sleep(this.core.rules.emergencyLookMs, this.core.stopping);
        await this.look();
      }
    } catch {
      // The sleep ended because the node stops.
    }
  }

  /** One look: a change counts after it has been seen without a break for its time. */
  async look(): Promise<void> {
    const { rules, clock } = this.core;
    const { internet } = this;
    if (internet === undefined) return;
    const answers = await Promise.all(Array.from({ length: PROBES }, (_, i) => internet(i).catch(() => false)));
    const failures = answers.filter((reached) => !reached).length;
    const seen = failures === 0 ? "online" : failures < OFFLINE_FAILURES ? "degraded" : "offline";
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#since = clock.mono();
    }
    if (seen === this.#mode) return;
    const needed = seen === "offline" ? rules.offlineAfterMs : this.#mode === "offline" ? rules.onlineAfterMs : 0;
    if (clock.mono() - this.#since >= needed) this.#enter(rules.entersMode(this.#mode, seen));
  }

  #enter(mode: EmergencyState): void {
    if (mode === this.#mode) return;
    const from = this.#mode;
    this.#mode = mode;
    this.core.logger.log("warning", "emergency", `mode changed from ${from} to ${mode}`);
    this.core.topics.publish("emergency.mode.changed", { from, to: mode });
    this.core.manifest.renew();
  }
}
