/** A process or a container of the operator as the target of a run, steered as the other commands steer theirs. */

import type { Clock } from "../src/protocol/mod.ts";
import { endNode, type ManagedNode } from "../src/target/managed_node.ts";
import type { RunningNode } from "../src/target/managed_target.ts";
import type { SteeredNode } from "./child.ts";

/** See the module comment. Its data stay from start to start; the volume of a container is gone with it. */
export class ManagedChild implements SteeredNode {
  readonly url: string;
  readonly #node: ManagedNode;
  #stopped = false;

  /** @param begun Told the process after every further start. */
  constructor(
    { node, handle: { endpoint } }: RunningNode,
    private readonly clock: Clock,
    private readonly begun: (pid: number | undefined) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#node = node;
    this.url = `${endpoint.scheme}://${endpoint.host}:${endpoint.port}`;
  }

  get pid(): number | undefined {
    return this.#node.pid;
  }

  signal(signal: Deno.Signal): Promise<void> {
    return this.#node.signal(signal);
  }

  async restart(how: "SIGTERM" | "SIGKILL", awayMs?: number, signal?: AbortSignal): Promise<void> {
    // A stopped process takes no SIGTERM.
    await this.#node.signal("SIGCONT");
    await endNode(this.#node, how);
    await this.#node.release();
    await this.clock.sleep(awayMs ?? 0, signal).catch(() => {});
    if (this.#stopped) return;
    await this.#node.start();
    await this.begun(this.#node.pid);
  }

  /** Nothing is started any more; the target ends what runs. */
  stop(): Promise<void> {
    this.#stopped = true;
    return Promise.resolve();
  }
}
