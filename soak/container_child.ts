/** A container as the target of a run: what a process of ours can do, through the engine. */

import type { Clock } from "../src/protocol/mod.ts";
import { endNode, type ManagedNode } from "../src/target/managed_node.ts";
import type { RunningNode } from "../src/target/managed_target.ts";
import type { SteeredNode } from "./child.ts";

/** See the module comment. Its data are a volume that stays from start to start and is gone with the container. */
export class ContainerChild implements SteeredNode {
  readonly url: string;
  readonly #node: ManagedNode;
  #stopped = false;

  constructor({ node, handle: { endpoint } }: RunningNode, private readonly clock: Clock) {
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
    if (!this.#stopped) await this.#node.start();
  }

  /** Nothing is started any more; the target removes the container. */
  stop(): Promise<void> {
    this.#stopped = true;
    return Promise.resolve();
  }
}
