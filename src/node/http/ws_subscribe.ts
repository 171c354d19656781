/** A topic over WebSocket: backlog, then live messages (X06 §6.5). */

import type { NodeCore } from "../core.ts";
import { SocketWriter } from "./ws_writer.ts";
import type { SocketPipe } from "./pipe.ts";
import { WebSocketChannel } from "./ws_channel.ts";

/** Milliseconds of one wait for a message; waits follow each other until the connection ends. */
const WAIT_MS = 3_600_000;
/** Stands for the capability in the seam of frames. */
const SUBSCRIPTION = "pubsub";

/** Delivers the messages of a topic until the connection ends. */
export async function runSubscription(
  core: NodeCore,
  pipe: SocketPipe,
  topic: string,
  since: number | undefined,
): Promise<void> {
  const channel = new WebSocketChannel(core, pipe);
  const over = new AbortController();
  const deliver = async () => {
    const writer = new SocketWriter(core, channel, SUBSCRIPTION);
    let after = core.rules.backlogAfter(since, core.topics.seq(topic));
    while (!channel.closing) {
      const message = await core.topics.next(topic, after, WAIT_MS, over.signal);
      if (over.signal.aborted) return;
      if (message === undefined) continue;
      after = message.seq;
      const data = message.payload as Parameters<typeof writer.frame>[0]["data"];
      if (!await writer.frame({ event: "published", data }, message.seq)) return;
    }
  };
  const delivery = deliver();
  // What a subscriber says only keeps the connection from being idle.
  while (await channel.receive() !== null);
  over.abort();
  await delivery;
}
