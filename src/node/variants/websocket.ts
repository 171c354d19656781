/** Sound variants of the reference node: websocket. */

import { type OutboundAnswer, variants } from "../fault.ts";
import { SUBPROTOCOL } from "../rules/websocket.ts";

/** Half of the window of X06 §6.2, so that a client that acknowledges every 8 frames never waits. */
const SMALL_WINDOW = 8;
/** The window and one frame more. */
const LARGE_WINDOW = 17;

/** Whether an upgrade offered the subprotocol, so that a refusal says that there is no WebSocket. */
const offersOurs = ({ request }: OutboundAnswer) =>
  request.headers.get("sec-websocket-protocol")?.includes(SUBPROTOCOL) === true;

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
  "websocket-strict-upgrade": {
    reading: "the headers of the upgrade are judged at once, so that strangers get 401 (WSK-016); the terminal frame " +
      "needs no room in the window (WSK-029); without WebSocket support an upgrade is answered 404",
    rules: {
      upgradeChecks: ["signature", "community", "revoked", "member"],
      streamWindow: LARGE_WINDOW,
    },
    outbound: (answer) => answer.status === 426 && offersOurs(answer) ? { ...answer, status: 404 } : answer,
  },
});
