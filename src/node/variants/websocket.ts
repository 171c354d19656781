/** Sound variants of the reference node: websocket. */

import { variants } from "../fault.ts";

/** Half of the window of X06 §6.2, so that a client that acknowledges every 8 frames never waits. */
const SMALL_WINDOW = 8;

export const websocketVariants = variants({
  "websocket-other-numbers": {
    reading: "seq begins with 0, the close after a terminal frame is 1001, fewer frames wait for an acknowledgement, " +
      "one of the future counts as the last frame sent, a cancelled call ends in done, the error code is data.code",
    rules: {
      messageSeq: (index) => index,
      normalClose: 1001,
      streamWindow: SMALL_WINDOW,
      acknowledged: (upto, before, lastSent) =>
        typeof upto === "number" ? Math.max(before, Math.min(upto, lastSent)) : before,
      cancelledFrame: (_, framesSent, ms) => ({
        event: "done",
        data: { tokens_out: framesSent, stop_reason: "cancelled", ms },
      }),
    },
    frame: (frame) => {
      if (frame.channel !== "websocket" || frame.event !== "error") return [frame];
      const { error, ...rest } = frame.data;
      return [{ ...frame, data: { ...rest, code: error ?? "internal_error" } }];
    },
  },
  "websocket-other-manners": {
    reading: "bad messages are answered by a close alone, unknown types are ignored, messages are binary frames, " +
      "and capabilities without streams are upgraded and end in one done frame",
    rules: {
      upgradeUnary: true,
      badFirstMessage: () => "close",
      badMessage: (kind) => kind === "unknown-type" ? "ignore" : "close",
      sendsBinary: true,
    },
  },
});
