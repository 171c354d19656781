/** What a session does to its node as an operator would: end it, start it again, read its log, move its clock. */

import type { Network } from "../wire/mod.ts";
import type { NodeSignal, SessionHost, StartOutcome, StopOutcome } from "./target.ts";

/** Time a node has to end after a signal, in milliseconds: the usual grace period of containers (OPS-001). */
export const STOP_DEADLINE_MS = 10_000;

/** See the module comment. What is seen becomes a fact of the transcript; the target's features gate the cases. */
export class NodeControl {
  constructor(private readonly network: Network, private readonly host: SessionHost) {}

  /** Whether the node can be ended and started apart from each other, not just restarted. */
  get separate(): boolean {
    return this.host.end !== undefined && this.host.begin !== undefined;
  }

  /** Ends the node with a signal; one that still runs at the deadline is killed, and the outcome says so. */
  async end(signal: NodeSignal = "SIGTERM", deadlineMs: number = STOP_DEADLINE_MS): Promise<StopOutcome> {
    const { end } = this.host;
    if (end === undefined) throw cannot("end the node");
    return await this.network.fact(`end ${signal}`, () => end.call(this.host, signal, deadlineMs));
  }

  /** Starts the ended node again on its data. */
  async begin(): Promise<StartOutcome> {
    const { begin } = this.host;
    if (begin === undefined) throw cannot("start the node");
    return await begin.call(this.host);
  }

  /** Text of the node's newest log file. */
  async logs(): Promise<string> {
    const { logs } = this.host;
    if (logs === undefined) throw cannot("read log files");
    return await this.network.fact("logs", () => logs.call(this.host));
  }

  /** Moves the node's clock by so many seconds. */
  async moveClock(seconds: number): Promise<void> {
    const { moveClock } = this.host;
    if (moveClock === undefined) throw cannot("move the clock");
    await this.network.fact(`clock ${seconds}`, async () => {
      await moveClock.call(this.host, seconds);
      return true;
    });
  }

  /** Damages the stored audit chain of the ended node. */
  async corruptChain(): Promise<void> {
    const { corruptChain } = this.host;
    if (corruptChain === undefined) throw cannot("damage the audit chain");
    await this.network.fact("corrupt chain", async () => {
      await corruptChain.call(this.host);
      return true;
    });
  }
}

function cannot(what: string): Error {
  return new Error(`Cannot ${what}: the target does not provide it`);
}
