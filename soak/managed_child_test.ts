import { assertEquals } from "@std/assert";
import { systemClock } from "../src/wire/mod.ts";
import type { ManagedNode } from "../src/target/managed_node.ts";
import type { Exit } from "../src/target/running_child.ts";
import type { NodeHandle } from "../src/target/target.ts";
import { ManagedChild } from "./managed_child.ts";

const HANDLE: NodeHandle = {
  endpoint: { scheme: "http", host: "127.0.0.1", port: 7900 },
  nodeId: "n",
  communityId: "c",
};

/** A node that writes down what is done to it and obeys at once. */
class NotedNode implements ManagedNode {
  readonly done: string[] = [];
  pid: number | undefined = 7;

  start(): Promise<NodeHandle> {
    this.#note("start");
    this.pid = 7;
    return Promise.resolve(HANDLE);
  }

  signal(signal: Deno.Signal): Promise<void> {
    this.#note(signal);
    if (signal === "SIGTERM" || signal === "SIGKILL") this.pid = undefined;
    return Promise.resolve();
  }

  wait(): Promise<Exit> {
    return Promise.resolve({ code: 0, signal: null });
  }

  leftovers(): Promise<number> {
    return Promise.resolve(0);
  }

  logs(): Promise<string> {
    return Promise.resolve("");
  }

  release(): Promise<void> {
    this.#note("release");
    return Promise.resolve();
  }

  remove(): Promise<void> {
    this.#note("remove");
    return Promise.resolve();
  }

  #note(what: string): void {
    this.done.push(what);
  }
}

Deno.test("a container is ended, let go of and started again", async () => {
  const node = new NotedNode();
  const child = new ManagedChild({ node, handle: HANDLE }, systemClock());
  assertEquals([child.url, child.pid], ["http://127.0.0.1:7900", 7]);
  await child.restart("SIGKILL");
  await child.signal("SIGSTOP");
  assertEquals(node.done, ["SIGCONT", "SIGKILL", "release", "start", "SIGSTOP"]);
});

Deno.test("once the run ends a container stays away no longer", async () => {
  const node = new NotedNode();
  const over = new AbortController();
  const HOUR_MS = 3_600_000;
  const restarting = new ManagedChild({ node, handle: HANDLE }, systemClock()).restart(
    "SIGKILL",
    HOUR_MS,
    over.signal,
  );
  over.abort(new Error("interrupted"));
  await restarting;
  assertEquals(node.done, ["SIGCONT", "SIGKILL", "release", "start"]);
});

Deno.test("a container that was stopped for good is not started again by a restart under way", async () => {
  const node = new NotedNode();
  const child = new ManagedChild({ node, handle: HANDLE }, systemClock());
  const restarting = child.restart("SIGTERM", 20);
  await child.stop();
  await restarting;
  assertEquals(node.done, ["SIGCONT", "SIGTERM", "release"]);
  assertEquals(child.pid, undefined);
});
